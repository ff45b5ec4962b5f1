"""`dnnctl doctor`: the directories that it reports are those that training uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.cli.doctor import examine_directories, examine_runs, examine_tensorflow
from dnnctl.store import file_system


@pytest.mark.parametrize("programs", ["", "programs"])
def test_directories_are_shown_with_the_variables_that_change_them(
    programs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DNNCTL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path / programs) if programs else "")
    data, cache = examine_directories()
    assert (data.state, "DNNCTL_DATA_DIR" in data.hint) == (str(tmp_path / "data"), True)
    assert (cache.state, "DNNCTL_CACHE_DIR" in cache.hint) == (str(tmp_path / programs) if programs else "off", True)


def test_a_runs_directory_that_cannot_be_made_is_not_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert examine_runs(tmp_path / "new" / "runs").is_fine
    monkeypatch.setattr("os.access", lambda *_: False)
    assert not examine_runs(tmp_path).is_fine


@pytest.mark.parametrize(
    ("growth", "words"), [("true", "takes memory as it needs it"), ("false", "takes all memory at once")]
)
@pytest.mark.heavy
def test_gpus_have_the_index_that_a_spec_gives(growth: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from dnnctl.engine import device

    listed = [("cpu", "CPU"), ("gpu", "NVIDIA A100"), ("gpu", "NVIDIA T4")]
    monkeypatch.setattr(device, "list_devices", lambda: listed)
    monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", growth)
    cpu, gpu = examine_tensorflow()
    assert "runtime.threads" in cpu.hint
    assert gpu.state == "0: NVIDIA A100, 1: NVIDIA T4"
    assert words in gpu.hint


def test_a_runs_directory_whose_locks_do_not_hold_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text("24 1 0:5 / / rw shared:1 - fuse.sshfs host:/ rw,user_id=0\n")
    monkeypatch.setattr(file_system, "MOUNTS", mounts)
    found = examine_runs(tmp_path)
    assert "on fuse.sshfs" in found.state
    assert "do not train the same run on two hosts" in found.hint

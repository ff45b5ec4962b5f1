"""`dnnctl doctor`: the directories that it reports are those that training uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.cli.doctor import examine_directories, examine_runs


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

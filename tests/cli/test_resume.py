"""`dnnctl resume`: which run it continues; that it does so exactly is tested with the commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from command_line import call
from dnnctl.store.record import RunRecord
from stored import store_run


@pytest.fixture
def resumed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The runs that would be resumed; none is."""
    found: list[Path] = []

    def resume(path: Path, **_: Any) -> RunRecord:
        found.append(path)
        return RunRecord.at(path)

    monkeypatch.setattr("dnnctl.commands.resume.resume", resume)
    return found


def test_a_name_means_its_newest_unfinished_run(tmp_path: Path, resumed: list[Path]) -> None:
    lost, finished = store_run(tmp_path, "net"), store_run(tmp_path, "net", seed=2)
    lost.folder.summary.unlink()
    done = call("resume", "net", "--quiet", "--runs-dir", tmp_path)
    assert (done.exit_code, resumed, done.stdout.strip()) == (0, [lost.path], lost.id)
    assert done.stderr == f"note: 2 runs are named net; using the newest unfinished run, {lost.id}.\n"
    assert finished.path not in resumed


@pytest.mark.parametrize("reference", ["net", "last"])
def test_with_finished_runs_only_there_is_nothing_to_resume(
    reference: str, tmp_path: Path, resumed: list[Path]
) -> None:
    store_run(tmp_path, "net", epochs=1)
    newest = store_run(tmp_path, "net", epochs=1, seed=2)
    done = call("resume", reference, "--runs-dir", tmp_path)
    assert (done.exit_code, resumed) == (0, [])
    assert f"{newest.id} is complete (finished, 1 epoch): nothing to resume" in done.stdout

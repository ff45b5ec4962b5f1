"""What a new run's folder holds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dnnctl.errors import RunError
from dnnctl.store.writer import RunWriter
from stored import make_run


def test_a_new_run_says_what_it_is_before_anything_else(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    assert re.fullmatch(r"\d{8}-\d{6}-net-beef", run.id)
    assert run.folder.spec.read_text() == "spec: 1\n"
    assert run.folder.source.read_text() == "source: 1\n"
    facts = json.loads(run.folder.run.read_text())
    assert facts["id"] == run.id
    assert facts["versions"]["tensorflow"]
    assert (facts["overrides"], facts["seed"], "parent" in facts) == (["a=1"], 5, False)


def test_runs_of_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    assert len({make_run(tmp_path).id for _ in range(3)}) == 3


def test_a_directory_that_cannot_be_made_is_an_error_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="--runs-dir"):
        make_run(tmp_path / "file" / "runs")


@pytest.mark.parametrize("text", ["; rm -rf ~", "a\nrm -rf ~", "a\rrm -rf ~\x85$(rm -rf ~)", "\x1b]0;title\x07"])
def test_no_line_of_the_log_is_a_command(text: str, tmp_path: Path) -> None:
    """Whatever a spec's description or an error contains, a shell that reads the log runs nothing."""
    run = make_run(tmp_path)
    with RunWriter.open(run) as writer:
        writer.log(text + "\n")
        writer.log("done\n")
    lines = run.folder.log.read_text().split("\n")
    assert lines[-2:] == ["# done", ""]
    assert all(line.startswith("# ") and line.isprintable() for line in lines[:-1])


def test_a_file_in_place_of_the_runs_directory_is_named_as_one(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("data")
    with pytest.raises(RunError, match="it is a file, not a folder"):
        make_run(tmp_path / "runs")

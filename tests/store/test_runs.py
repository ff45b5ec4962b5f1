from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dnnctl.errors import RunError
from dnnctl.store.blueprint import Blueprint
from dnnctl.store.catalog import find_run, list_runs, load_run, runs_directory
from dnnctl.store.files import append_json_line, write_json
from dnnctl.store.lock import hold
from dnnctl.store.record import RunRecord, Status
from dnnctl.store.writer import RunWriter


def make_run(directory: Path, name: str = "net", digest: str = "beef0123") -> RunRecord:
    blueprint = Blueprint(name, digest, "spec: 1\n", "source: 1\n", ["a=1"], ["dnnctl", "train"], 5)
    with RunWriter.create(directory, blueprint) as writer:
        return writer.read()


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


def test_the_status_follows_from_the_files(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    assert RunRecord(run.folder).status is Status.LOST
    with hold(run.folder.lock):
        assert RunRecord(run.folder).status is Status.RUNNING
    assert RunRecord(run.folder).status is Status.LOST
    for end in (Status.INTERRUPTED, Status.DIVERGED, Status.FAILED):
        append_json_line(run.folder.history, {"event": "ended", "end": str(end)})
        assert RunRecord(run.folder).status is end
    append_json_line(run.folder.history, {"event": "started"})
    assert RunRecord(run.folder).status is Status.LOST
    write_json(run.folder.summary, {"stopped_early": True, "epochs": 2, "monitor": "loss"})
    assert RunRecord(run.folder).status is Status.STOPPED_EARLY
    write_json(run.folder.summary, {"stopped_early": False, "epochs": 2, "monitor": "loss"})
    assert RunRecord(run.folder).status is Status.FINISHED


HOLDER = """
import sys, time
from pathlib import Path
from dnnctl.store.lock import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_keeps_others_out_and_dies_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "run" / ".lock"
    path.parent.mkdir()
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RunError, match=f"run is being trained by pid {holder.pid} on host"), hold(path):
            pass
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    with hold(path):
        pass


def test_a_run_is_found_by_id_prefix_name_last_or_path(tmp_path: Path) -> None:
    first, second = make_run(tmp_path, "a"), make_run(tmp_path, "b")
    third = make_run(tmp_path, "a", "cafe")
    assert [run.id for run in list_runs(tmp_path)] == [first.id, second.id, third.id]
    assert find_run(second.id, tmp_path).id == second.id
    assert find_run(third.id[:-2], tmp_path).id == third.id
    assert find_run("a", tmp_path).id == third.id
    assert find_run("last", tmp_path).id == third.id
    assert load_run(first.path).id == first.id
    assert load_run("b", tmp_path).id == second.id


@pytest.mark.parametrize(
    ("reference", "message"), [("20", "the beginning of 2"), ("bb", "Did you mean"), ("zzz", "dnnctl list")]
)
def test_a_reference_without_a_single_run_is_refused(tmp_path: Path, reference: str, message: str) -> None:
    make_run(tmp_path, "bbb")
    make_run(tmp_path, "ccc")
    with pytest.raises(RunError, match=message):
        find_run(reference, tmp_path)


def test_no_runs_at_all_says_how_to_make_one(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "nowhere") == []
    with pytest.raises(RunError, match="dnnctl train"):
        find_run("last", tmp_path / "nowhere")


def test_the_directory_comes_from_the_option_the_environment_or_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert runs_directory() == Path("runs")
    monkeypatch.setenv("DNNCTL_RUNS_DIR", "elsewhere")
    assert runs_directory() == Path("elsewhere")
    assert runs_directory("here") == Path("here")


def test_what_is_no_run_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "file.txt").write_text("")
    broken = tmp_path / "20260101-000000-x-0000"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    assert [run.status for run in list_runs(tmp_path)] == [Status.DAMAGED]

"""Which run a reference means."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.errors import RunError
from dnnctl.store.catalog import find_run, list_runs, load_repetitions, load_run, runs_directory
from dnnctl.store.files import append_json_line
from dnnctl.store.purpose import Wanted
from dnnctl.store.record import RunRecord, Status
from stored import make_run, store_run


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
    ("reference", "message"), [("20", "an id prefix of 2"), ("bb", "Did you mean"), ("zzz", "dnnctl list")]
)
def test_a_reference_without_a_single_run_is_refused(tmp_path: Path, reference: str, message: str) -> None:
    make_run(tmp_path, "bbb")
    make_run(tmp_path, "ccc")
    with pytest.raises(RunError, match=message):
        find_run(reference, tmp_path)


def test_an_empty_directory_is_an_error_with_the_command_that_makes_a_run(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "nowhere") == []
    with pytest.raises(RunError, match="dnnctl train"):
        find_run("last", tmp_path / "nowhere")


def test_the_directory_comes_from_the_option_the_environment_or_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert runs_directory() == Path("runs")
    monkeypatch.setenv("DNNCTL_RUNS_DIR", "elsewhere")
    assert runs_directory() == Path("elsewhere")
    assert runs_directory("here") == Path("here")


def test_folders_that_are_not_runs_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "file.txt").write_text("")
    broken = tmp_path / "20260101-000000-x-0000"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    assert [run.status for run in list_runs(tmp_path)] == [Status.DAMAGED]


def fail(run: RunRecord) -> RunRecord:
    """The run as it is after a start that failed."""
    for file in (run.folder.summary, run.folder.metrics):
        file.unlink(missing_ok=True)
    append_json_line(run.folder.history, {"event": "ended", "end": "failed", "reason": "no data"})
    return RunRecord(run.folder)


@pytest.fixture
def named(tmp_path: Path) -> tuple[RunRecord, RunRecord]:
    """Two runs named `net`: a finished one with a model, and a newer one that failed."""
    good, bad = store_run(tmp_path, "net"), fail(store_run(tmp_path, "net", seed=2))
    good.folder.model.write_bytes(b"model")
    return good, bad


@pytest.mark.parametrize("reference", ["net", "last"])
@pytest.mark.parametrize(
    ("wanted", "place"), [(Wanted.ANY, 1), (Wanted.COMPLETE, 0), (Wanted.MODEL, 0), (Wanted.RESUMABLE, 1)]
)
def test_a_name_means_the_newest_run_that_serves_the_purpose(
    reference: str, wanted: Wanted, place: int, named: tuple[RunRecord, RunRecord]
) -> None:
    assert find_run(reference, named[0].path.parent, wanted).id == named[place].id


@pytest.mark.parametrize("wanted", Wanted)
def test_an_id_means_that_run_whatever_it_is_wanted_for(wanted: Wanted, named: tuple[RunRecord, RunRecord]) -> None:
    for run in named:
        heard: list[str] = []
        assert find_run(run.id, run.path.parent, wanted, heard.append).id == run.id
        assert find_run(run.id[:-1], run.path.parent, wanted, heard.append).id == run.id
        assert heard == []


def test_a_choice_among_several_runs_is_reported(named: tuple[RunRecord, RunRecord]) -> None:
    good, bad = named
    heard: list[str] = []
    for reference, wanted in (("net", Wanted.COMPLETE), ("net", Wanted.CHECKPOINT), ("last", Wanted.MODEL)):
        find_run(reference, good.path.parent, wanted, heard.append)
    assert heard == [
        f"2 runs are named net; using the newest finished run, {good.id}.",
        f"2 runs are named net, but there is no run with a checkpoint among them; using the newest, {bad.id}.",
        f"The last run is {bad.id} (failed); using the newest run with a model, {good.id}.",
    ]


def test_a_single_run_needs_no_report(tmp_path: Path) -> None:
    run = store_run(tmp_path, "net")
    heard: list[str] = []
    for reference in ("net", "last", run.id, str(run.path)):
        load_run(reference, tmp_path, Wanted.COMPLETE, heard.append)
    assert heard == []


def test_a_name_of_several_seeds_means_all_of_them(tmp_path: Path) -> None:
    """The newest of each seed: not an older recipe, a failed start or an earlier run of the same seed."""
    adam = store_run(tmp_path, "net", seed=1, optimizer="adam")
    old, second = store_run(tmp_path, "net", seed=1), store_run(tmp_path, "net", seed=2)
    first = store_run(tmp_path, "net", seed=1)
    failed = fail(store_run(tmp_path, "net", seed=3))
    store_run(tmp_path, "other", seed=4)
    heard: list[str] = []
    assert [run.id for run in load_repetitions("net", tmp_path, heard.append)] == [first.id, second.id]
    left_out = f"{adam.id} (seed 1, finished), {old.id} (seed 1, finished), {failed.id} (seed 3, failed)"
    assert heard == [f"net means all 2 runs of its recipe. 3 other runs of that name are left out: {left_out}."]
    for reference in (old.id, str(old.path)):
        assert [run.id for run in load_repetitions(reference, tmp_path)] == [old.id]
    assert len(load_repetitions("last", tmp_path)) == 1


@pytest.mark.parametrize("is_folder", [False, True])
def test_a_run_without_run_json_is_named_with_the_command_that_removes_it(is_folder: bool, tmp_path: Path) -> None:
    run = store_run(tmp_path)
    run.folder.run.unlink()
    if is_folder:
        run.folder.run.mkdir()
    for reference in (run.id, str(run.path)):
        with pytest.raises(RunError, match=r"its run\.json is missing or not a file.*dnnctl remove"):
            load_run(reference, tmp_path)

"""What a run's files say of it, whatever they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.store.facts import ExportFacts
from dnnctl.store.files import append_json_line, write_json
from dnnctl.store.lock import hold
from dnnctl.store.record import RunRecord, Status, is_row
from stored import make_run, store_run


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


FILES = ["run.json", "summary.json", "metrics.jsonl", "pretraining.jsonl", "history.jsonl", "labels.json"]


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_the_place_of_a_file_is_named_and_the_rest_is_read(name: str, tmp_path: Path) -> None:
    run = store_run(tmp_path, epochs=2)
    (run.path / name).unlink(missing_ok=True)
    (run.path / name).mkdir()
    found = RunRecord(run.folder)
    assert [damage for damage in found.damages if damage.startswith(f"{name} cannot be read")]
    assert len(found.curve) == (0 if name == "metrics.jsonl" else 2)
    assert found.epochs == 2


@pytest.mark.parametrize(
    ("epoch", "is_epoch"), [(0, True), (2**31 - 1, True), (2**31, False), (-1, False), (1.0, False)]
)
def test_a_row_has_a_possible_epoch(epoch: int, is_epoch: bool) -> None:
    assert is_row({"epoch": epoch}) is is_epoch


def test_a_run_is_shown_in_one_line_that_acts_on_no_terminal(tmp_path: Path) -> None:
    run = store_run(tmp_path)
    assert repr(run).startswith(f"Run {run.id}, finished: 3 epochs, test ")
    assert f"accuracy {run.summary.measured('test')['accuracy']:.4f}" in repr(run)
    strange = tmp_path / "a\x1b[2J"
    strange.mkdir()
    assert repr(RunRecord.at(strange)).isprintable()


def test_an_export_is_no_end_of_training(tmp_path: Path) -> None:
    """An interrupted run whose best model so far was exported is still interrupted, for the same reason."""
    run = make_run(tmp_path)
    append_json_line(run.folder.history, {"event": "ended", "end": "interrupted", "reason": "by Ctrl-C"})
    append_json_line(run.folder.history, {"event": "exported", "export": {"format": "onnx", "path": "x"}})
    found = RunRecord(run.folder)
    assert found.status == Status.INTERRUPTED
    assert found.last_training is not None
    assert found.last_training.reason == "by Ctrl-C"
    assert found.history[-1].export == ExportFacts("onnx", "x")

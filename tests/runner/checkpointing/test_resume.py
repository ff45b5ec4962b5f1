"""A run that is killed and resumed ends in the same bits as one that was never killed."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from dnnctl.commands.resume import resume
from dnnctl.commands.train import train
from dnnctl.errors import RunError
from dnnctl.events.event import Event, Restored, StepsDone
from dnnctl.specs.metric import Metric
from dnnctl.store.checkpoint import MANIFEST, STATE, STATE_ARRAYS, list_checkpoints
from dnnctl.store.lock import hold
from dnnctl.store.record import RunRecord, Status
from recipes import (
    KIND_RECIPES,
    LIMITED,
    LOSSES,
    MEGABYTES,
    NEVER,
    OPTIMIZERS,
    RECIPES,
    all_kinds,
    kill_at,
    run_killed,
    saved_models,
    spec_of,
    write_every_checkpoint,
)
from sample_specs import outcome

KILLS = {
    "dropout, Nadam, XLA": [("after_steps", 8), ("before_rename", 3)],
    "batch norm, one-cycle, graph": [("before_fsync", 9), ("after_arrays", 2), ("after_steps", 5)],
    "early stopping": [("after_row", 3), ("after_row", 2)],
    "performance": [("after_row", 3), ("before_removal", 2)],
    "phases": [("after_row", 1), ("after_steps", 7), ("before_rename", 4)],
    "greedy pretraining, XLA": [("after_steps", 9), ("before_fsync", 9), ("after_steps", 12), ("after_row", 1)],
    "adversarial pretraining": [("after_steps", 8), ("after_steps", 7)],
    "metrics of classes": [("after_steps", 10), ("after_steps", 5)],
    "metrics of numbers": [("after_steps", 10), ("after_rename", 2)],
    "augmentation, class weights, batch norm": [("after_steps", 8), ("after_row", 1), ("after_steps", 3)],
    "augmentation, balanced classes, XLA": [("after_steps", 10), ("after_rename", 2)],
    "memory map, augmentation, class weights, XLA": [("after_steps", 8), ("after_rename", 2)],
    "image folder, augmentation, balanced classes": [("after_steps", 8), ("after_rename", 2)],
    "metrics of labels": [("after_steps", 8), ("after_steps", 5)],
    "table with embeddings": [("before_steps", 7), ("after_steps", 2), ("before_rename", 2)],
    "streamed table, batch norm, XLA": [("after_steps", 5), ("before_rename", 4)],
    "mixed precision": [("after_row", 4), ("after_rename", 1)],
    "schedule-free AdamW": [("after_steps", 8), ("after_steps", 5)],
    "stacked autoencoder": [("after_steps", 9), ("after_row", 2)],
    "roll-back after the best epoch": [("before_roll_back", 1), ("after_roll_back", 1), ("after_steps", 7)],
    "roll-back of a pretraining and a phase, XLA": [
        ("after_roll_back", 2),
        ("before_rename", 3),
        ("after_roll_back", 1),
    ],
    "rate finder": [("after_steps", 8), ("before_rename", 2)],
}
"""For each recipe the points at which one process after the other dies."""
READERS = {"memory map, augmentation, class weights, XLA": 0, "image folder, augmentation, balanced classes": 1}
"""The number of threads that read for a killed training; two read for the one that is not killed."""


@pytest.mark.parametrize("recipe", RECIPES)
def test_kills_change_no_bit(recipe: str, tmp_path: Path) -> None:
    """SIGKILL at any time, several times in a run: variables, metrics, predictions and epochs are the same."""
    spec = spec_of(recipe, tmp_path)
    expected = train(spec, runs_dir=tmp_path / "whole")
    assert (expected.status == Status.STOPPED_EARLY) == (recipe == "early stopping")
    has_schedule = "schedule" in RECIPES[recipe] or "on_divergence" in RECIPES[recipe].get("training", {})
    has_pretraining = "pretraining" in RECIPES[recipe].get("training", {})
    assert expected.folder.pretraining.exists() == has_pretraining
    assert (len({row["learning_rate"] for row in expected.rows}) > 1) == has_schedule
    runs = tmp_path / "killed"
    first, *others = KILLS[recipe]
    spec = spec_of(recipe, tmp_path, readers=READERS.get(recipe, 2))
    kill_at("train", spec, runs, *first)
    (path,) = runs.iterdir()
    assert RunRecord.at(path).status == Status.LOST
    for point, n in others:
        kill_at("resume", path, runs, point, n)
    resumed = resume(path)
    assert outcome(resumed) == outcome(expected)
    assert saved_models(resumed) == saved_models(expected)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit counts mapped files, or does not exist")
def test_data_larger_than_the_memory_are_resumed_exactly(tmp_path: Path) -> None:
    """A process that may not allocate as much as the file is large; the oracle has no limit."""
    (recipe,) = LIMITED
    limit = {"megabytes": MEGABYTES[recipe]}
    spec, runs = spec_of(recipe, tmp_path), tmp_path / "runs"
    expected = train(spec, runs_dir=tmp_path / "whole")
    kill_at("train", spec, runs, "after_steps", 5, **limit)
    (path,) = runs.iterdir()
    run_killed("resume", path, runs, *NEVER, **limit)
    assert outcome(RunRecord.at(path)) == outcome(expected)
    with pytest.raises(AssertionError, match="too little memory"):
        run_killed("train", spec, tmp_path / "refused", *NEVER, "data.in_memory=true", **limit)


def test_every_metric_is_in_a_recipe() -> None:
    """A metric whose variables Keras creates late could resume wrongly, and only a recipe with it shows that."""
    named = [metric for recipe in RECIPES.values() for metric in recipe.get("metrics", [])]
    assert {metric["kind"] if isinstance(metric, dict) else metric for metric in named} == set(all_kinds(Metric))


def test_every_optimizer_and_loss_is_in_a_recipe() -> None:
    """All of them are killed by `make torture`, too."""
    assert {recipe["optimizer"] for recipe in KIND_RECIPES.values()} == set(OPTIMIZERS)
    assert {recipe["loss"] for recipe in KIND_RECIPES.values()} == set(LOSSES)


@pytest.mark.parametrize("recipe", KIND_RECIPES)
def test_every_optimizer_and_loss_resumes_in_the_middle_of_an_epoch(
    recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process fails in the middle of the second epoch: the same bits, also in the saved optimizer."""
    write_every_checkpoint(monkeypatch)
    spec = spec_of(recipe, tmp_path)
    expected = train(spec, runs_dir=tmp_path / "whole")

    def break_at_step_8(event: Event) -> None:
        if isinstance(event, StepsDone) and event.global_step == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(spec, runs_dir=tmp_path / "broken", report=break_at_step_8)
    run, event = restored(tmp_path / "broken" / next((tmp_path / "broken").iterdir()).name)
    assert event.step == 8
    assert outcome(run) == outcome(expected)
    assert saved_models(run) == saved_models(expected)


def restored(run: Path, **options: Any) -> tuple[RunRecord, Restored]:
    events: list[Event] = []
    record = resume(run, report=events.append, **options)
    (event,) = (event for event in events if isinstance(event, Restored))
    return record, event


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


DAMAGES = {
    "truncated": truncate,
    "flipped": flip_a_bit,
    "emptied": lambda file: file.write_bytes(b""),
    "deleted": Path.unlink,
    "made a directory": lambda file: (file.unlink(), file.mkdir()),
}


@pytest.mark.parametrize("name", [STATE, STATE_ARRAYS, MANIFEST])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_skipped(
    damage: str, name: str, run: Path, broken: tuple[Path, dict[str, Any]]
) -> None:
    """Whatever the damage: training reports it, continues from the previous one, and ends in the same bits."""
    *_, before, newest = list_checkpoints(run / "checkpoints")
    DAMAGES[damage](newest.path / name)
    record, event = restored(run)
    assert event.checkpoint == before.name
    assert len(event.damaged) == 1
    assert event.damaged[0].startswith(newest.name)
    assert outcome(record) == broken[1]


def test_files_swapped_between_checkpoints_are_detected(run: Path, broken: tuple[Path, dict[str, Any]]) -> None:
    """Each file and each checkpoint is intact, but not where it belongs."""
    *_, before, newest = list_checkpoints(run / "checkpoints")
    for name in (STATE, STATE_ARRAYS, MANIFEST):
        shutil.copy(before.path / name, newest.path / name)
    record, event = restored(run)
    assert event.checkpoint == before.name
    assert outcome(record) == broken[1]


def test_without_a_checkpoint_training_starts_from_scratch(run: Path, broken: tuple[Path, dict[str, Any]]) -> None:
    shutil.rmtree(run / "checkpoints")
    record, event = restored(run)
    assert (event.checkpoint, event.initial_epoch, event.step) == (None, 0, 0)
    assert outcome(record) == broken[1]


def test_records_are_cut_back_to_the_checkpoint(run: Path) -> None:
    """Rows and events after the checkpoint are removed before training continues; none is duplicated at the end."""
    record, _ = restored(run)
    assert [row["epoch"] for row in record.rows] == [1, 2, 3, 4]
    import tensorflow as tf

    for role in ("train", "validation"):
        steps = [
            event.step
            for file in sorted((run / "tensorboard" / role).iterdir())
            for data in tf.data.TFRecordDataset(str(file))
            if (event := tf.compat.v1.Event.FromString(data.numpy())).summary.value
        ]
        assert steps == [1, 2, 3, 4]


def test_where_training_continues_is_recorded(run: Path) -> None:
    newest = list_checkpoints(run / "checkpoints")[-1]
    record, event = restored(run)
    assert (event.initial_epoch, event.step) == (newest.epoch, newest.step)
    (entry,) = (entry for entry in record.history if entry.event == "restored")
    assert (entry.checkpoint, entry.initial_epoch, entry.step) == (newest.name, newest.epoch, newest.step)
    assert entry.approximate == ()


def test_other_versions_make_resume_approximate(run: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    facts["versions"]["tensorflow"] = "2.0.0"
    (run / "run.json").write_text(json.dumps(facts))
    _, event = restored(run)
    assert [each.split(",")[0] for each in event.approximate] == ["tensorflow 2.0.0"]


def test_changed_data_are_refused_unless_accepted(run: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    facts["data"]["digest"] = "0" * 64
    (run / "run.json").write_text(json.dumps(facts))
    before = RunRecord.at(run)
    with pytest.raises(RunError, match="--accept-changed-data"):
        resume(run)
    after = RunRecord.at(run)
    assert (after.status, after.history) == (before.status, before.history), "a refused resume leaves a run unchanged"
    record, event = restored(run, accept_changed_data=True)
    assert record.status == Status.FINISHED
    assert event.approximate == ["the data have changed"]


def test_a_complete_run_is_left_unchanged(run: Path) -> None:
    resume(run)
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.name != ".lock"}
    assert resume(run).status == Status.FINISHED
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.name != ".lock"} == before


def test_a_diverged_run_is_refused(run: Path) -> None:
    with (run / "history.jsonl").open("a") as file:
        file.write(json.dumps({"event": "ended", "end": "diverged"}) + "\n")
    with pytest.raises(RunError, match="has diverged"):
        resume(run)


def test_a_run_that_another_process_is_training_is_refused(run: Path) -> None:
    with hold(run / ".lock"), pytest.raises(RunError, match=f"is being trained by pid {os.getpid()} on host"):
        resume(run)


def test_the_newest_checkpoints_and_the_best_are_kept(run: Path) -> None:
    record, _ = restored(run)
    *older, newest = list_checkpoints(run / "checkpoints")
    assert (newest.epoch, newest.step) == (4, 24)
    assert len(older) in (1, 2)
    assert {each.epoch for each in older[:-1]} <= {record.summary.best_epoch}

"""A fork continues from another run's state with a changed spec, and no longer needs the other run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from dnnctl.commands.fork import fork
from dnnctl.commands.resume import resume
from dnnctl.commands.train import train
from dnnctl.errors import RunError
from dnnctl.events.event import Event, Forked, Restored
from dnnctl.store.checkpoint import list_checkpoints
from dnnctl.store.difference import Change
from dnnctl.store.facts import ParentFacts
from dnnctl.store.record import RunRecord, Status
from recipes import kill_at, write_every_checkpoint
from sample_specs import outcome, write_spec
from stored import interrupt

NOISY = {
    "defaults": {"activation": "rrelu", "normalization": "batch", "dropout": {"kind": "dropout", "rate": 0.3}},
    "layers": ["flatten", {"kind": "dense", "units": 8}],
}
KEEP_ALL = {"batch_size": 16, "epochs": 3, "checkpoint": {"keep": 9}}


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    folder = tmp_path_factory.mktemp("parent")
    spec = write_spec(folder, model=NOISY, optimizer="nadam", training=KEEP_ALL)
    with pytest.MonkeyPatch.context() as patch:
        write_every_checkpoint(patch)
        return train(spec, runs_dir=folder / "runs")


def forked(parent: RunRecord, directory: Path, *overrides: str, at: int | None = None) -> tuple[RunRecord, Restored]:
    events: list[Event] = []
    run = fork(parent.path, overrides, at=at, runs_dir=directory, report=events.append)
    (event,) = (event for event in events if isinstance(event, Restored))
    return run, event


def test_a_fork_with_the_same_spec_gives_the_same_bits(parent: RunRecord, tmp_path: Path) -> None:
    """No part of the state is lost: weights, optimizer, noise, best epoch, rows."""
    run, event = forked(parent, tmp_path, at=1)
    assert (event.initial_epoch, event.step, event.reset) == (1, 6, [])
    assert outcome(run) == outcome(parent)


def test_a_fork_with_more_epochs_equals_a_run_with_more_epochs(parent: RunRecord, tmp_path: Path) -> None:
    run, _ = forked(parent, tmp_path / "forks", "training.epochs=5")
    source = parent.folder.spec.read_text().replace("epochs: 3", "epochs: 5")
    (tmp_path / "longer.yaml").write_text(source)
    assert outcome(run) == outcome(train(tmp_path / "longer.yaml", runs_dir=tmp_path / "whole"))


def test_a_killed_fork_resumes_without_its_parent(parent: RunRecord, tmp_path: Path) -> None:
    """A fork without a checkpoint starts again from its copy of the parent's checkpoint."""
    expected, _ = forked(parent, tmp_path / "whole", "training.epochs=5")
    copy = Path(shutil.copytree(parent.path, tmp_path / parent.id))
    kill_at("fork", copy, tmp_path / "runs", "after_steps", 1, "training.epochs=5")
    shutil.rmtree(copy)
    (path,) = (tmp_path / "runs").iterdir()
    assert list_checkpoints(path / "checkpoints") == []
    assert outcome(resume(path)) == outcome(expected)


def test_lineage_and_changes_are_recorded_and_reported(parent: RunRecord, tmp_path: Path) -> None:
    events: list[Event] = []
    overrides = ["name=longer", "training.epochs=4", "optimizer.clip=norm"]
    run = fork(parent.path, overrides, runs_dir=tmp_path, report=events.append)
    changes = [
        Change("optimizer.clip.kind", "none", "norm"),
        Change("optimizer.clip.value", None, 1.0),
        Change("training.epochs", 3, 4),
    ]
    assert [each for each in events if isinstance(each, Forked)] == [Forked(parent.id, "epoch-0003-step-18", changes)]
    assert run.facts.parent == ParentFacts(
        run=parent.id, checkpoint="epoch-0003-step-18", epoch=3, step=18, data=parent.facts.data, changes=tuple(changes)
    )
    assert (run.name, run.rows[:3]) == ("longer", parent.rows)
    assert run.facts.overrides == tuple(overrides)


def test_another_optimizer_starts_fresh_from_the_same_weights(parent: RunRecord, tmp_path: Path) -> None:
    """A tiny rate leaves the weights as the parent had them."""
    run, event = forked(parent, tmp_path, "training.epochs=4", "optimizer={kind: sgd, learning_rate: 1e-30}")
    assert event.reset == ["the optimizer (different kind)"]
    with np.load(list_checkpoints(run.folder.checkpoints)[-1].arrays) as ours:
        with np.load(list_checkpoints(parent.folder.checkpoints)[-1].arrays) as theirs:
            kernel = "variable/model/dense_1/0_kernel"
            np.testing.assert_array_equal(ours[kernel], theirs[kernel])
        assert ours["variable/optimizer/0_iteration"] == 6


def test_a_change_of_what_is_measured_resets_the_best_epoch(parent: RunRecord, tmp_path: Path) -> None:
    run, event = forked(parent, tmp_path, "training.epochs=4", "data.validation.size=12")
    assert event.reset == [
        "the best epoch (what is measured has changed)",
        "the validation split (the parent may have trained on some of these examples, so metrics may look too good)",
    ]
    assert run.summary.best_epoch == 4


def test_steps_continue_from_the_parent(parent: RunRecord, tmp_path: Path) -> None:
    """Even if an epoch has a different number of steps: 6 in the parent, 3 in the fork."""
    run, event = forked(parent, tmp_path, "training.epochs=5", "training.batch_size=32")
    assert event.step == 18
    assert [row["step"] for row in run.rows] == [6, 12, 18, 21, 24]
    assert run.summary.training_seconds == pytest.approx(sum(row["seconds"] for row in run.rows[3:]), abs=1e-2)
    assert outcome(forked(run, tmp_path / "again", at=4)[0])["rows"] == outcome(run)["rows"]


def test_another_network_is_refused(parent: RunRecord, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"dense_1/kernel \(36 × 8 in the parent, 36 × 9 here\), .* from scratch"):
        fork(parent.path, ["training.epochs=4", "model.layers.1.units=9"], runs_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("overrides", "at", "message"),
    [
        ([], None, r"at epoch 3 of 3\. Train more.*training\.epochs=13"),
        (
            ["training.epochs=9"],
            7,
            r"no checkpoint at the end of epoch 7\. It has checkpoints at the end of epochs 1, 2, 3",
        ),
    ],
)
def test_a_fork_that_cannot_start_leaves_no_run(
    overrides: list[str], at: int | None, message: str, parent: RunRecord, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match=message):
        fork(parent.path, overrides, at=at, runs_dir=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_fork_within_an_epoch_needs_the_same_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a kill in the second epoch: with the same batches it continues there, else after the first epoch."""
    write_every_checkpoint(monkeypatch)
    training = {"batch_size": 16, "epochs": 3, "checkpoint": {"every": {"steps": 2}, "keep": 99}}
    lost = train(write_spec(tmp_path, training=training), runs_dir=tmp_path)
    lost = interrupt(lost)
    for checkpoint in list_checkpoints(lost.folder.checkpoints):
        if checkpoint.step > 8:
            shutil.rmtree(checkpoint.path)
    assert forked(lost, tmp_path / "a", "description=x")[1].step == 8
    assert forked(lost, tmp_path / "b", "training.batch_size=20")[1].initial_epoch == 1


def test_a_diverged_run_is_forked_at_its_best_epoch(parent: RunRecord, tmp_path: Path) -> None:
    """Later states may already be diverging."""
    path = Path(shutil.copytree(parent.path, tmp_path / parent.id))
    interrupt(RunRecord.at(path))
    with (path / "history.jsonl").open("a") as file:
        file.write(json.dumps({"event": "ended", "end": "diverged"}) + "\n")
    state = path / "checkpoints" / "epoch-0003-step-18" / "state.json"
    assert json.loads(state.read_text())["loop"]["best"]["best_epoch"] == parent.summary.best_epoch
    diverged = RunRecord.at(path)
    assert diverged.status == Status.DIVERGED
    with pytest.raises(RunError, match=f"dnnctl fork {path} --set optimizer.clip=norm"):
        resume(path)
    _, event = forked(diverged, tmp_path / "runs", "training.epochs=5")
    assert event.initial_epoch == parent.summary.best_epoch

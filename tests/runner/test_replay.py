"""A replayed step has the bits that the step had in training."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from dnnctl.commands.rebuilding import rebuilding
from dnnctl.commands.train import train
from dnnctl.engine.variables import Arrays
from dnnctl.events.event import ignore
from dnnctl.runner.checkpointing.checkpointer import read_arrays
from dnnctl.runner.checkpointing.progress import read_progress
from dnnctl.runner.shuffle import epoch_order
from dnnctl.seeds import derive_seed
from dnnctl.specs import load
from dnnctl.store.checkpoint import list_checkpoints
from recipes import spec_of, write_every_checkpoint

OVERRIDES = [
    "training.batch_size=20", "training.checkpoint.every.steps=1", "training.checkpoint.keep=1000"
]  # fmt: skip
"""Every state of the run is kept. The last batch of an epoch is shorter than the others, except under XLA."""
KEPT = (3, 12)
"""The checkpoints that are left for the replay."""
STEPS = (2, 5, 6, 12, 14)
"""Before any checkpoint; the last step of an epoch, and the first of the next epoch or stage; between checkpoints."""
RECIPES = {
    "dropout, Nadam, XLA": [
        "model.defaults.normalization=batch",
        "data.augment=[flip, mixup]",
        "training.batch_size=24",
    ],
    "phases": ["data.class_weights=balanced"],
    "image folder, augmentation, balanced classes": ["training.epochs=3"],
    "roll-back after the best epoch": [],
    "adversarial pretraining": ["training.epochs=1"],
}
"""XLA with dropout, batch normalization and augmentation; phases in graph mode; streamed images; a pretraining;
rates that a roll-back lowers after step 5."""


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_replay_has_the_bits_of_training(recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle are the checkpoints of the run, before and after each step; its batch is that of the seed."""
    write_every_checkpoint(monkeypatch)
    loaded = load(spec_of(recipe, tmp_path), [*OVERRIDES, *RECIPES[recipe]])
    run, own, size = train(loaded, runs_dir=tmp_path / "runs"), loaded.spec.seed, loaded.spec.training.batch_size
    assert bool(run.roll_backs) == recipe.startswith("roll-back")
    checkpoints = {checkpoint.step: checkpoint for checkpoint in list_checkpoints(run.folder.checkpoints)}
    states = {step: read_arrays(checkpoint)[0] for step, checkpoint in checkpoints.items()}
    stages = {step: read_progress(checkpoint).stage for step, checkpoint in checkpoints.items()}
    for step, checkpoint in checkpoints.items():
        if step not in KEPT:
            shutil.rmtree(checkpoint.path)
    with rebuilding(run, [], ignore) as rebuilt:
        assert rebuilt.approximate == []
        for step in STEPS:
            rebuilt.replay.go_before(step)
            found = rebuilt.replay.peek()
            assert found.stage == stages[step]
            if stages[step] == stages[step - 1]:
                assert_same(found.before, states[step - 1])
            assert_same(found.after, states[step], is_end=found.step_of_epoch == found.steps_per_epoch)
            assert any((found.before[path] != found.after[path]).any() for path in found.trained)
            assert (found.examination is None) == (recipe == "adversarial pretraining" and step <= 10)
            if found.examination is not None:  # with the noise of the step
                assert found.examination.losses.mean() == pytest.approx(found.metrics["loss"], rel=1e-4)
            seed, purpose = own, "order"
            if found.stage.kind == "pretraining":
                seed, purpose = derive_seed(own, f"pretraining {found.stage.number}"), "pretraining"
            order = epoch_order(seed, found.epoch, 96, purpose=purpose)
            first = size * (found.step_of_epoch - 1)
            np.testing.assert_array_equal(found.rows, order[first : first + size])
        assert [start.checkpoint and int(start.checkpoint.split("-")[-1]) for start in rebuilt.replay.starts] == [
            None, *KEPT
        ]  # fmt: skip


def assert_same(found: Arrays, expected: Arrays, *, is_end: bool = False) -> None:
    """Check that two states are equal; at the end of an epoch, a checkpoint has metrics that are reset."""
    assert found.keys() == expected.keys()
    differing = [path for path in expected if not np.array_equal(found[path], expected[path], equal_nan=True)]
    assert [path for path in differing if not (is_end and "metric/" in path)] == []

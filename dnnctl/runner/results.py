"""What a training leaves: the model, the predictions, the summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from dnnctl.builder.loss import build_loss
from dnnctl.builder.model import count_parameters
from dnnctl.builder.optimizer import build_optimizer
from dnnctl.engine.engine import Engine, OnDevice
from dnnctl.runner.checkpointing.metric_log import MetricLog
from dnnctl.runner.loop import Loop
from dnnctl.runner.setup import Setup
from dnnctl.store.files import write_through
from dnnctl.store.folder import RunFolder
from dnnctl.store.record import RunRecord

ROLES = ("validation", "test")
Parts = Mapping[str, OnDevice | None]
"""Examples on the device by their role; none where the data have no such part."""


def plain_model(setting: Setup, phase: int = 1) -> keras.Model:
    """The same layers as a model of its own, compiled afresh: so it is saved, without the training's counters.

    Args:
        phase: whose optimizer it has.
    """
    plain = keras.Model(setting.model.input, setting.model.output, name=setting.spec.name.replace(".", "_"))
    plain.compile(
        optimizer=build_optimizer(setting.phases[phase - 1].optimizer),
        loss=build_loss(setting.spec.loss, setting.head.loss),
        metrics=setting.metrics,
    )
    plain.optimizer.build(plain.trainable_variables)  # Keras warns when it loads an optimizer without its variables
    return plain


def measure(engine: Engine, parts: Parts) -> dict[str, dict[str, float] | None]:
    """The loss and the metrics on validation and test."""
    return {role: None if (part := parts[role]) is None else engine.evaluate(part) for role in ROLES}


def summarize(run: RunRecord, setting: Setup, loop: Loop, records: MetricLog) -> dict[str, Any]:
    """What summary.json says of a training, without what the best weights come to."""
    last, rows = loop.last, records.rows
    assert last is not None, "a spec has at least one epoch"
    best_epoch = loop.best.best_epoch
    return {
        "id": run.id,
        "name": setting.spec.name,
        "stopped_early": last.stopped_early,
        "epochs": last.row["epoch"],
        "steps": last.row["step"],
        "monitor": loop.best.metric,
        "best_epoch": best_epoch,
        "best": next(row for row in rows if row["epoch"] == best_epoch),
        "parameters": count_parameters(setting.model)[0],
        "task": setting.dataset.task,
        "loss": setting.head.loss,
        "device": setting.device.name,
        "compile": setting.compilation.mode,
        "training_seconds": round(_seconds(run, records), 3),
    }


def _seconds(run: RunRecord, records: MetricLog) -> float:
    """The seconds that this run has trained, without the epochs that a fork has taken over."""
    parent = run.facts.get("parent")
    taken_over = int(parent["epoch"]) if parent else 0
    before = 0.0 if parent else sum(row["seconds"] for row in records.pretraining)
    return before + float(sum(row["seconds"] for row in records.rows if row["epoch"] > taken_over))


def write_predictions(folder: RunFolder, setting: Setup, engine: Engine, parts: Parts) -> None:
    """Write predictions.npz: what the model answers on validation and test, and what would be right."""
    arrays: dict[str, Any] = {}
    for role in ROLES:
        part = parts[role]
        if part is not None:
            arrays[f"{role}_predictions"] = engine.predict(part)
            arrays[f"{role}_labels"] = getattr(setting.dataset, role).targets
    if setting.dataset.class_names:
        arrays["class_names"] = np.array(setting.dataset.class_names)
    write_through(folder.predictions, lambda aside: np.savez_compressed(aside, **arrays))

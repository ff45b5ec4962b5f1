"""The results of a training run: models, predictions and summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from dnnctl.builder.front import with_front
from dnnctl.builder.loss import build_loss
from dnnctl.builder.model import count_parameters
from dnnctl.builder.optimizer import build_optimizer
from dnnctl.data.number_scores import score_each_target
from dnnctl.engine.engine import Engine
from dnnctl.engine.step_loop import Placed
from dnnctl.runner.checkpointing.metric_log import MetricLog
from dnnctl.runner.examples import Examples
from dnnctl.runner.loop import Loop
from dnnctl.runner.setup import Setup
from dnnctl.store.facts import Metrics, Summary, WeightsResult
from dnnctl.store.writer import RunWriter


def plain_model(setup: Setup, phase: int = 1) -> keras.Model:
    """The model to save: the same layers, with a fresh optimizer and without the state of training.

    That of a table takes raw columns. Its loss is that of the spec, of targets in their own unit.

    Args:
        phase: the number of the phase whose optimizer it gets.
    """
    name = setup.spec.name.replace(".", "_")
    front = setup.front
    plain = keras.Model(setup.model.input, setup.model.output, name=name if front is None else setup.model.name)
    if front is not None:
        plain = with_front(front, plain, name)
    plain.compile(
        optimizer=build_optimizer(setup.phases[phase - 1].optimizer),
        loss=build_loss(setup.spec.loss, setup.head.loss),
        metrics=setup.metrics,
    )
    plain.optimizer.build(plain.trainable_variables)  # Keras warns when it loads an optimizer without its variables
    return plain


def measure(engine: Engine, splits: Mapping[str, Placed]) -> dict[str, Metrics]:
    """The loss and the metrics on each split."""
    return {role: dict(engine.evaluate(split)) for role, split in splits.items()}


def summarize(
    writer: RunWriter,
    setup: Setup,
    loop: Loop,
    log: MetricLog,
    *,
    best: Mapping[str, Metrics],
    last: Mapping[str, Metrics],
    targets: Mapping[str, dict[str, Metrics]],
    state: str,
    seconds: float,
) -> Summary:
    """The summary of a finished training run.

    Args:
        best: the metrics of the best weights, by split.
        last: the metrics of the weights of the last epoch, by split.
        targets: the metrics of each of several target numbers, by split.
        state: the digest of the final variables.
        seconds: the time that the command took.
    """
    done = loop.last
    assert done is not None, "every spec has at least one epoch"
    best_epoch = loop.best.best_epoch
    return Summary(
        id=writer.folder.id,
        name=setup.spec.name,
        stopped_early=done.stopped_early,
        epochs=done.row["epoch"],
        steps=done.row["step"],
        monitor=loop.best.metric,
        best_epoch=best_epoch,
        best=next(row for row in log.rows if row["epoch"] == best_epoch),
        parameters=count_parameters(setup.model)[0],
        task=setup.target.task,
        loss=setup.head.loss,
        target_scaling=setup.head.scaling_kind,
        device=setup.device.name,
        compile=setup.compilation.mode,
        training_seconds=round(_training_seconds(writer, log), 3),
        validation=best.get("validation"),
        test=best.get("test"),
        last=WeightsResult(done.row["epoch"], last.get("validation"), last.get("test")),
        baseline=dict(setup.baseline),
        targets=dict(targets),
        state=state,
        seconds=round(seconds, 3),
    )


def _training_seconds(writer: RunWriter, log: MetricLog) -> float:
    """The time that this run trained, in seconds; a fork does not count the epochs of its parent."""
    parent = writer.facts.parent
    taken_over = parent.epoch if parent else 0
    before = 0.0 if parent else sum(row["seconds"] for row in log.pretraining)
    return before + float(sum(row["seconds"] for row in log.rows if row["epoch"] > taken_over))


def write_predictions(
    writer: RunWriter, setup: Setup, engine: Engine, examples: Examples
) -> dict[str, dict[str, Metrics]]:
    """Write predictions.npz: predictions and labels on validation and test.

    Returns:
        By split the metrics of each of several target numbers.
    """
    arrays: dict[str, Any] = {}
    scores: dict[str, dict[str, Metrics]] = {}
    for role, split in examples.measured.items():
        arrays[f"{role}_predictions"] = predicted = engine.predict(split)
        arrays[f"{role}_labels"] = labels = examples.labels[role]
        if setup.target.task == "numbers":
            scores[role] = score_each_target(predicted, labels, setup.target.names)
    if setup.target.names:
        arrays["class_names"] = np.array(setup.target.names)
    writer.write_predictions(lambda aside: np.savez_compressed(aside, **arrays))
    return {role: each for role, each in scores.items() if each}

"""Probing a training: before the first step, after some steps that are thrown away, or after the epochs of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dnnctl.advice.diagnosis import diagnose
from dnnctl.builder.signals import signals_of
from dnnctl.data.dataset import Dataset, Part
from dnnctl.engine.engine import Engine
from dnnctl.engine.probe import Probe
from dnnctl.engine.step_loop import EpochPlan, OnDevice, to_device
from dnnctl.errors import RunError
from dnnctl.runner.auto_rate import is_open, low_momentum
from dnnctl.runner.examples import place
from dnnctl.runner.learning_rates import LearningRates
from dnnctl.runner.lr_range_test import range_test, suggest
from dnnctl.runner.schedule import Span
from dnnctl.runner.setup import Setup
from dnnctl.runner.shuffle import augment_seed, epoch_order
from dnnctl.runner.targets import encode_targets
from dnnctl.specs.common_kind import NONE
from dnnctl.store.facts import Row
from dnnctl.store.layer_statistics import Measurement, rows_of

N_EXAMPLES = 512
"""The number of training examples that are probed, at most."""


@dataclass(frozen=True)
class ProbedTraining:
    """What a probe finds before the first step and after some steps."""

    measurements: tuple[Measurement, ...]
    """Before the first step, and after the last one unless training diverged."""
    n_examples: int
    batch_size: int
    """The number of probed examples, and of those in a batch."""
    learning_rate: float
    """That of the last step."""
    diverged_at: int | None = None
    """The step, counted from 1, at which the loss became infinite or NaN."""


def probed_examples(setup: Setup, train: Part) -> OnDevice:
    """Some training examples, on the device: a random choice that depends only on the seed.

    Augmentation does not change them.
    """
    rows = np.sort(epoch_order(setup.spec.seed, 1, len(train), purpose="probe")[:N_EXAMPLES]).astype(np.intp)
    return to_device(encode_targets(train.take(rows), setup.head.targets, setup.n_outputs))


def probe_training(
    setup: Setup,
    dataset: Dataset,
    n_steps: int,
    *,
    rate: float | None = None,
    announce: Callable[[int, int, int], None] | None = None,
) -> ProbedTraining:
    """Probe the network of a setup, train it, and probe it again. It cannot be trained afterwards.

    Args:
        n_steps: the number of steps, at most those of the first phase.
        rate: a constant learning rate instead of the schedule's.
        announce: called before the first measurement, with the number of examples, of those in a batch, and of steps.
    """
    probe = _make_probe(setup, probed_examples(setup, dataset.weighted_train))
    engine = setup.engine(place(setup, dataset.weighted_train))
    rates = _rates(setup, engine, rate)
    n_steps = min(n_steps, engine.n_steps * rates.span.epochs)
    if announce is not None:
        announce(probe.n_examples, probe.batch_size, n_steps)
    try:
        setup.model.optimizer.learning_rate.assign(rates.of_epoch(1)[0])
        found = [_measure(probe)]
        bad = _train(engine, setup, rates, n_steps)
        if n_steps and bad is None:
            found.append(_measure(probe, step=n_steps))
    finally:
        engine.stop_reading()
    last = float(setup.model.optimizer.learning_rate.numpy())
    return ProbedTraining(tuple(found), probe.n_examples, probe.batch_size, last, None if bad is None else bad + 1)


@dataclass
class EpochProbe:
    """Probes the model of a run after its epochs."""

    setup: Setup
    examples: OnDevice
    every: int
    """The number of epochs between two probes."""
    _probe: Probe | None = field(default=None, init=False)

    def rows(self, row: Row) -> list[Row]:
        """The rows of probe.jsonl for an epoch that has just ended, whose row of metrics is given."""
        if row["epoch"] % self.every:
            return []
        if self._probe is None or not self._probe.is_current:  # another phase
            self._probe = _make_probe(self.setup, self.examples)
        return rows_of(replace(_measure(self._probe, step=row["step"]), epoch=row["epoch"]))


def epoch_probe(setup: Setup, dataset: Dataset) -> Callable[[Row], list[Row]] | None:
    """What makes the rows of probe.jsonl for a run; None if its spec has no `training.probe`."""
    wanted = setup.spec.training.probe
    if wanted == "none":
        return None
    return EpochProbe(setup, probed_examples(setup, dataset.weighted_train), wanted.every).rows


def _make_probe(setup: Setup, examples: OnDevice) -> Probe:
    """A probe of the model as it is currently compiled."""
    return Probe(setup.model, signals_of(setup.network), examples, batch_size=setup.spec.training.batch_size)


def _measure(probe: Probe, *, step: int = 0) -> Measurement:
    loss, layers = probe.measure()
    found = diagnose(layers)
    return Measurement(step, tuple(layers), found.verdict, found.layers, found.reason, loss)


def _rates(setup: Setup, engine: Engine, rate: float | None) -> LearningRates:
    """The learning rates of the first phase. A range test finds the largest one if the spec leaves it open."""
    phase = setup.phases[0]
    schedule: Any = phase.schedule if rate is None else NONE
    if is_open(schedule):
        try:
            found = suggest(range_test(engine, seed=setup.spec.seed, momentum=low_momentum(schedule))).max_rate
            schedule = schedule.model_copy(update={"max_rate": found})
        except RunError:  # no rate reduces the loss, and the probe is to say why
            schedule = NONE
    momentum = None if engine.cycled_momentum is None else phase.optimizer.momentum
    span = Span(engine.n_steps, phase.span)
    return LearningRates(schedule, rate or phase.optimizer.learning_rate, span, momentum=momentum)


def _train(engine: Engine, setup: Setup, rates: LearningRates, n_steps: int) -> int | None:
    """Run the first steps of the training; return the first one with an infinite or NaN loss, from 0."""
    seed = setup.spec.seed
    for first in range(0, n_steps, engine.n_steps):
        epoch = 1 + first // engine.n_steps
        momenta = rates.momenta_of_epoch(epoch)
        engine.start_epoch(
            EpochPlan(
                epoch_order(seed, epoch, engine.train.n),
                rates.of_epoch(epoch).astype(np.float32),
                None if momenta is None else momenta.astype(np.float32),
                augment_seed(seed, epoch),
            )
        )
        bad = engine.run(0, min(engine.n_steps, n_steps - first))
        if bad is not None:
            return first + bad
    return None

"""What training will take: layers, steps, rates, memory, disk, and the time that a few steps take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate
from math import prod
from time import perf_counter
from typing import Any

import keras
import numpy as np

from dnnctl.builder.model import count_parameters
from dnnctl.data.dataset import Dataset
from dnnctl.engine.engine import Engine
from dnnctl.engine.step_loop import EpochPlan
from dnnctl.runner.auto_rate import low_momentum
from dnnctl.runner.examples import place
from dnnctl.runner.learning_rates import LearningRates
from dnnctl.runner.schedule import Span
from dnnctl.runner.setup import Setup, memory_needs
from dnnctl.runner.shuffle import augment_seed, epoch_order
from dnnctl.text import format_shape

TIMED_SECONDS = 1.0
"""Steps are timed for about this long."""
N_REPETITIONS = 5
MAX_STEPS = 2000


@dataclass(frozen=True)
class PlannedLayer:
    """One layer of the network."""

    name: str
    shape: str
    """The shape of its output, without the batch."""
    parameters: int
    initializer: str
    """Of its kernel; empty without one."""
    activation: str
    """Empty without one."""
    flops: int
    """The floating-point operations of its kernel for one example in the forward pass: 2 for each product."""


@dataclass(frozen=True)
class Times:
    """Seconds, measured on steps that are thrown away."""

    compilation: float
    """Of the first step."""
    step: float
    """Of a later step."""
    validation: float
    """Of measuring the validation split once; 0 without one."""
    start: float = 0.0
    """Of starting an epoch."""


@dataclass(frozen=True)
class Forecast:
    """What training will take."""

    layers: tuple[PlannedLayer, ...]
    parameters: int
    n_examples: int
    """The training examples."""
    steps_per_epoch: int
    epochs: int
    rates: tuple[float, ...]
    """The learning rate of some steps, evenly spaced, with the first, the last and the one with the highest rate."""
    rate_steps: tuple[int, ...]
    """The numbers of these steps."""
    memory: dict[str, int]
    """Bytes, by what they are for."""
    disk: int
    """The bytes that checkpoints and models take while training runs, at most; each also holds the best weights."""
    times: Times | None
    """None if nothing was timed."""
    gaps: tuple[str, ...]
    """The parts of training that the figures do not cover, each as a sentence."""

    @property
    def n_steps(self) -> int:
        """The steps of all epochs."""
        return self.steps_per_epoch * self.epochs

    @property
    def seconds(self) -> float | None:
        """The expected time of all epochs."""
        if self.times is None:
            return None
        each_epoch = self.times.start + self.times.validation
        return self.times.compilation + self.n_steps * self.times.step + self.epochs * each_epoch


def forecast(setup: Setup, dataset: Dataset, *, n_rates: int = 60, is_timed: bool = True) -> Forecast:
    """What training will take. The network of the setup cannot be trained afterwards.

    Args:
        n_rates: the number of rates, at most.
        is_timed: whether to run some steps and measure their time.
    """
    steps, rates = _rates(setup, n_rates)
    memory = memory_needs(setup.spec, setup.head, dataset, setup.phases)
    state = memory["the weights"] + memory["the optimizer"]
    return Forecast(
        layers=tuple(_describe(layer) for layer in setup.model.layers),
        parameters=count_parameters(setup.model)[0],
        n_examples=len(dataset.train),
        steps_per_epoch=setup.span.steps_per_epoch,
        epochs=setup.span.epochs,
        rates=rates,
        rate_steps=steps,
        memory=memory,
        disk=2 * state * (setup.spec.training.checkpoint.keep + 2),
        times=measure_times(setup, dataset) if is_timed else None,
        gaps=tuple(_gaps(setup)),
    )


def _describe(layer: keras.layers.Layer) -> PlannedLayer:
    kernel = getattr(layer, "kernel", None)
    shape = layer.output.shape[1:]
    flops = 0 if kernel is None else 2 * prod(kernel.shape) * prod(shape[:-1])
    return PlannedLayer(
        layer.name,
        format_shape(shape),
        layer.count_params(),
        _word(getattr(layer, "kernel_initializer", None)),
        _activation(layer),
        flops,
    )


def _activation(layer: keras.layers.Layer) -> str:
    function = getattr(layer, "activation", None)
    name = getattr(function, "__name__", "") or _word(function)
    return "" if name == "linear" else name


def _word(value: Any) -> str:
    """The name of an object's class as a spec writes it: `HeNormal` is `he_normal`."""
    return "" if value is None else re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(value).__name__).lower()


def _rates(setup: Setup, n_rates: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Some steps from the first to the last, and the learning rate of each. `performance` keeps its first rate."""
    epochs = sorted({round(each) for each in np.linspace(1, setup.span.epochs, n_rates)})
    n = setup.span.steps_per_epoch
    steps = np.concatenate([(epoch - 1) * n + np.arange(n) for epoch in epochs])
    rates = np.concatenate([_schedule_of(setup, epoch).of_epoch(epoch) for epoch in epochs])
    chosen = np.unique([*np.linspace(0, len(steps) - 1, n_rates).round().astype(int), int(np.argmax(rates))])
    return tuple(steps[chosen].tolist()), tuple(rates[chosen].astype(float).tolist())


def _schedule_of(setup: Setup, epoch: int) -> LearningRates:
    """The rates of the phase that an epoch, counted from 1, is in."""
    ends = accumulate(phase.epochs for phase in setup.phases)
    phase = next(phase for phase, end in zip(setup.phases, ends, strict=True) if epoch <= end)
    before = sum(each.epochs for each in setup.phases[: phase.schedule_of - 1])
    span = Span(setup.span.steps_per_epoch, phase.span)
    return LearningRates(phase.schedule, phase.optimizer.learning_rate, span, epochs_before=before)


def measure_times(setup: Setup, dataset: Dataset) -> Times:
    """Run and time some steps. The network of the setup cannot be trained afterwards."""
    engine = setup.engine(place(setup, dataset.weighted_train))
    try:
        _start_epoch(engine, setup)
        before = perf_counter()
        engine.run(0, 1)
        engine.results()
        first = perf_counter() - before
        step = _time_steps(engine, setup)
        before = perf_counter()
        _start_epoch(engine, setup)
        start = perf_counter() - before
    finally:
        engine.stop_reading()
    validation = 0.0
    if dataset.validation is not None:
        placed = place(setup, dataset.validation)
        engine.evaluate(placed)
        before = perf_counter()
        engine.evaluate(placed)
        validation = perf_counter() - before
    return Times(max(0.0, first - step), step, validation, start)


def _time_steps(engine: Engine, setup: Setup) -> float:
    """The median time of a step, over calls that together take about a second."""
    n_steps, times = 1, [0.0]
    while times[-1] < TIMED_SECONDS / N_REPETITIONS and n_steps < min(engine.n_steps, MAX_STEPS):
        n_steps = min(2 * n_steps, engine.n_steps, MAX_STEPS)
        times.append(_time_run(engine, setup, n_steps))
    return float(np.median([_time_run(engine, setup, n_steps) for _ in range(N_REPETITIONS)])) / n_steps


def _time_run(engine: Engine, setup: Setup, n_steps: int) -> float:
    _start_epoch(engine, setup)
    before = perf_counter()
    engine.run(0, n_steps)
    engine.results()
    return perf_counter() - before


def _start_epoch(engine: Engine, setup: Setup) -> None:
    """Start the first epoch, with a rate of 0, so that nothing diverges."""
    order = epoch_order(setup.spec.seed, 1, engine.train.n)
    rates = np.zeros(engine.n_steps, np.float32)
    momentum = low_momentum(setup.phases[0].schedule)
    momenta = None if momentum is None else np.full(engine.n_steps, momentum, np.float32)
    engine.start_epoch(EpochPlan(order, rates, momenta, augment_seed(setup.spec.seed, 1)))


def _gaps(setup: Setup) -> list[str]:
    gaps = []
    if not setup.spec.training.is_settled:
        gaps.append("The number of epochs is only chosen, for `training.budget`, when the speed is measured.")
    if setup.spec.training.pretraining.kind != "none":
        gaps.append("Pretraining is not included.")
    if len(setup.phases) > 1:
        gaps.append("The steps of phase 1 were timed; phases with other frozen layers take another time.")
    if setup.spec.training.early_stopping != "none":
        gaps.append("Early stopping may end training before.")
    return gaps

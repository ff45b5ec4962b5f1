"""The number of epochs that fit into a time: measured once, on steps that are thrown away.

    epochs = ⌊(T · (1 − margin) − spent − start − end) / epoch⌋

`spent` is what was used before, `start` the time that training needs before its first step, `end` that of the results.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter

import numpy as np

from dnnctl.data.dataset import Dataset
from dnnctl.engine.compilation import Compilation, choose_compilation
from dnnctl.engine.session import forget_everything
from dnnctl.errors import UserError
from dnnctl.events.event import ignore
from dnnctl.runner.auto_rate import is_open
from dnnctl.runner.forecast import Times, measure_times
from dnnctl.runner.lr_range_test import MAX_STEPS as RANGE_TEST_STEPS
from dnnctl.runner.setup import Setup, prepare
from dnnctl.specs.experiment import Spec
from dnnctl.text import format_seconds

MARGIN = 0.1
"""The fraction of the budget that is kept in reserve: a machine is not always equally fast."""
BOOKKEEPING = 0.01
"""Seconds of an epoch for its row, its event and its files."""
SAVING_RESULTS = 1.0
"""Seconds for the models and the predictions."""
N_MEASUREMENTS = 3
"""How often the results are measured: with the last weights, with the best, and for the predictions."""
MANY_EPOCHS = 1000
"""The number of epochs for which steps are compiled in the first measurement."""


@dataclass(frozen=True)
class Costs:
    """Seconds of training, measured with one way to compile the steps."""

    otherwise: float
    """Everything but the epochs, from the start of the command."""
    epoch: float

    def n_epochs(self, budget: float) -> int:
        """The number of epochs that fit into a budget in seconds; at least 0."""
        return max(0, int((budget * (1 - MARGIN) - self.otherwise) / self.epoch))


@dataclass(frozen=True)
class Fit:
    """The chosen number of epochs, and what it rests on."""

    epochs: int
    costs: Costs
    is_limited: bool
    """Whether more epochs would fit."""


def fit_epochs(spec: Spec, *, started: float, folder: Path, pretrained: Path | None = None) -> Fit:
    """Measure the speed, and choose the number of epochs for the budget of a spec.

    Args:
        started: when the command was started, by `perf_counter`.
        folder: where runs are kept: the disk whose speed counts. Nothing is left there.
        pretrained: the file of the network that the spec reuses.

    Raises:
        UserError: not even one epoch fits, or the spec, the data or the device cannot be used.
    """
    assert spec.training.budget != "none", "only a budget leaves the number of epochs open"
    budget, most = 60 * spec.training.budget.minutes, spec.training.most_epochs
    guess = spec.training.with_epochs(most or MANY_EPOCHS)
    measurement = _Measurement(spec.model_copy(update={"training": guess}), started, folder, pretrained)
    costs = measurement.run(None)
    first = measurement.mode_for(guess.epochs)
    epochs, costs = settle(first, costs, budget, measurement.mode_for, measurement.run)
    if epochs == 0:
        needed = (costs.otherwise + costs.epoch) / (1 - MARGIN) / 60
        raise UserError(
            f"training.budget: not even one epoch fits into {spec.training.budget.minutes:g} minutes: an epoch takes "
            f"about {format_seconds(costs.epoch)}, everything else {format_seconds(costs.otherwise)}. "
            f"Give it at least {np.ceil(needed * 10) / 10:g} minutes."
        )
    return Fit(min(epochs, most or epochs), costs, most is not None and epochs > most)


def settle(
    mode: str, costs: Costs, budget: float, mode_for: Callable[[int], str], measure: Callable[[str], Costs]
) -> tuple[int, Costs]:
    """The number of epochs that fit with the way of compiling that this number leads to.

    Args:
        mode: how the steps were compiled when the costs were measured.
        mode_for: how they are compiled for a number of epochs.
        measure: the costs with another way.
    """
    epochs = costs.n_epochs(budget)
    other = mode_for(max(epochs, 1))
    if other == mode:
        return epochs, costs
    others = measure(other)
    with_other = others.n_epochs(budget)
    if mode_for(max(with_other, 1)) == other:
        return with_other, others
    both = Costs(others.otherwise, costs.epoch)  # the second measurement has taken time, too
    return min((both.n_epochs(budget), both), (with_other, others), key=lambda each: each[0])


@dataclass
class _Measurement:
    """Measures how long training of a spec takes."""

    spec: Spec
    started: float
    folder: Path
    pretrained: Path | None
    setup: Setup | None = None
    """The last one."""

    def run(self, mode: str | None) -> Costs:
        """The costs with a way to compile the steps; None for the one that the spec leads to."""
        before = perf_counter()
        chosen = None if mode is None else Compilation("xla" if mode == "xla" else "graph", "measured")
        self.setup, dataset = prepare(self.spec, ignore, compilation=chosen, pretrained=self.pretrained)
        times = measure_times(self.setup, dataset)
        saving = _time_checkpoint(self.setup, self.folder)
        again = perf_counter() - before
        epoch = epoch_seconds(times, self.setup, saving)
        otherwise = (perf_counter() - self.started) + again + _at_the_end(times, self.setup, dataset, saving)
        forget_everything()
        return Costs(otherwise, epoch)

    def mode_for(self, n_epochs: int) -> str:
        """How training of this number of epochs compiles its steps."""
        assert self.setup is not None, "the speed has been measured"
        n_steps, device = n_epochs * self.setup.span.steps_per_epoch, self.setup.device.kind
        return choose_compilation(self.spec.runtime, self.setup.model, device=device, n_steps=n_steps).mode


def epoch_seconds(times: Times, setup: Setup, saving: float) -> float:
    """The seconds of an epoch, with its share of the validations, and its checkpoint."""
    steps = setup.span.steps_per_epoch * times.step
    validation = times.validation / setup.spec.training.validation_every
    return times.start + steps + validation + saving + BOOKKEEPING


def _at_the_end(times: Times, setup: Setup, dataset: Dataset, saving: float) -> float:
    """The seconds of the results, and of the range test if there is one."""
    n_steps = 0 if dataset.test is None else -(-len(dataset.test) // setup.spec.training.batch_size)
    measuring = times.validation + n_steps * times.step  # a step takes longer than predicting its batch
    range_test = RANGE_TEST_STEPS * times.step if is_open(setup.phases[0].schedule) else 0.0
    return N_MEASUREMENTS * (measuring + saving) + SAVING_RESULTS + range_test


def _time_checkpoint(setup: Setup, folder: Path) -> float:
    """The seconds of writing a checkpoint to the disk of a folder: its variables, and the best weights."""
    weights = {f"model/{place}": each.numpy() for place, each in enumerate(setup.model.variables)}
    state = {f"optimizer/{place}": each.numpy() for place, each in enumerate(setup.model.optimizer.variables)}
    best = {f"best/{name}": array for name, array in weights.items()}
    existing = next(each for each in (folder, *folder.resolve().parents) if each.is_dir())
    before = perf_counter()
    with TemporaryFile(dir=existing if os.access(existing, os.W_OK) else None) as file:
        np.savez(file, **weights, **state, **best)
        file.flush()
        os.fsync(file.fileno())
    return perf_counter() - before

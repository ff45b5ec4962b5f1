"""`find-rate`: a learning-rate range test of a spec. No run is created."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dnnctl.commands.pretrained import find_pretrained
from dnnctl.commands.session import faults_located
from dnnctl.commands.stderr import stderr_to
from dnnctl.events.event import Event, ModelReady, Report, ignore
from dnnctl.specs import LoadedSpec, Spec, load
from dnnctl.specs.planned_phase import planned_phases

if TYPE_CHECKING:
    from dnnctl.runner.lr_range_test import RateCurve, Suggestion


@dataclass(frozen=True)
class RangeTestSettings:
    """The settings of a range test."""

    lowest: float = 1e-5
    highest: float = 10.0
    n_steps: int | None = None
    """By default the steps of an epoch, at least 100 and at most 1,000."""
    batch_size: int | None = None
    """By default that of the spec. A suggested rate is valid only for the batch size of the test."""


@dataclass(frozen=True)
class RangeTestPlan:
    """What a range test is about to do."""

    n_steps: int
    batch_size: int
    lowest: float
    highest: float
    notes: list[str]
    """The parts of training that the test does not cover."""


def find_rate(
    spec: LoadedSpec | str | Path,
    settings: RangeTestSettings | None = None,
    *,
    runs_dir: str | Path | None = None,
    report: Report = ignore,
    announce: Callable[[RangeTestPlan], None] | None = None,
) -> tuple[RateCurve, Suggestion]:
    """Train a new model of a spec for a few steps at increasing rates, and suggest rates.

    Args:
        report: called with each event while the data and the model are prepared.
        announce: called once before the first step of the test.

    Raises:
        UserError: the spec, the data or the device is not valid, or no rate reduces the loss.
    """
    loaded, source = find_pretrained(spec if isinstance(spec, LoadedSpec) else load(spec), runs_dir)
    settings = settings or RangeTestSettings()
    with stderr_to(os.devnull), faults_located(loaded):
        from dnnctl.runner.auto_rate import low_momentum
        from dnnctl.runner.examples import place
        from dnnctl.runner.lr_range_test import count_steps, range_test, suggest
        from dnnctl.runner.setup import prepare

        batch_size = settings.batch_size or loaded.spec.training.batch_size
        training = loaded.spec.training.model_copy(update={"batch_size": batch_size})
        resized = loaded.spec.model_copy(update={"training": training})
        setup, dataset = prepare(resized, _without_plan(report), pretrained=source.path if source else None)
        engine = setup.engine(place(setup, dataset.weighted_train))
        n_steps = settings.n_steps or count_steps(engine)
        if announce is not None:
            announce(RangeTestPlan(n_steps, batch_size, settings.lowest, settings.highest, find_gaps(loaded.spec)))
        curve = range_test(
            engine,
            seed=loaded.spec.seed,
            momentum=low_momentum(setup.phases[0].schedule),
            n_steps=n_steps,
            lowest=settings.lowest,
            highest=settings.highest,
        )
        return curve, suggest(curve)


def find_gaps(spec: Spec) -> list[str]:
    """The parts of a spec's training that a range test does not cover, each as a sentence."""
    n_phases = len(planned_phases(spec))
    gaps = []
    if n_phases > 1:
        gaps.append(f"Only phase 1 of {n_phases} is tested: later phases may need different rates.")
    if spec.training.pretraining.kind != "none":
        gaps.append("The test runs without training.pretraining: pretrained weights may need different rates.")
    return gaps


def _without_plan(report: Report) -> Report:
    """A report that skips `ModelReady`, which counts the epochs of the whole training."""

    def show(event: Event) -> None:
        if not isinstance(event, ModelReady):
            report(event)

    return show

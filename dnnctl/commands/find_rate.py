"""`find-rate`: a spec in, a curve and a suggestion out. It writes no run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dnnctl.commands.pretrained import find_pretrained
from dnnctl.commands.session import faults_located
from dnnctl.commands.stderr import stderr_to
from dnnctl.events.event import Report, ignore
from dnnctl.specs import LoadedSpec, load

if TYPE_CHECKING:
    from dnnctl.runner.lr_range_test import RateCurve, Suggestion


@dataclass(frozen=True)
class Sweep:
    """How a range test is done."""

    lowest: float = 1e-5
    highest: float = 10.0
    n_steps: int | None = None
    batch_size: int | None = None
    """By default the spec's: a rate is right for the batch that it was found with."""


def find_rate(
    spec: LoadedSpec | str | Path,
    sweep: Sweep | None = None,
    *,
    runs_dir: str | Path | None = None,
    report: Report = ignore,
) -> tuple[RateCurve, Suggestion]:
    """The loss at growing rates on a fresh model of a spec, and the rates that it suggests.

    Raises:
        UserError: the spec, the data or the device is not as it must be, or no rate makes the loss fall.
    """
    loaded, source = find_pretrained(spec if isinstance(spec, LoadedSpec) else load(spec), runs_dir)
    sweep = sweep or Sweep()
    with stderr_to(os.devnull), faults_located(loaded):
        from dnnctl.runner.examples import place
        from dnnctl.runner.lr_range_test import suggest
        from dnnctl.runner.lr_range_test import sweep as run_sweep
        from dnnctl.runner.phases import low_momentum
        from dnnctl.runner.setup import prepare

        changes = {"batch_size": sweep.batch_size or loaded.spec.training.batch_size}
        training = loaded.spec.training.model_copy(update=changes)
        resized = loaded.spec.model_copy(update={"training": training})
        setup, dataset = prepare(resized, report, pretrained=source.path if source else None)
        curve = run_sweep(
            setup.engine(place(setup, dataset.train)),
            seed=loaded.spec.seed,
            momentum=low_momentum(setup.phases[0].schedule),
            n_steps=sweep.n_steps,
            lowest=sweep.lowest,
            highest=sweep.highest,
        )
        return curve, suggest(curve)

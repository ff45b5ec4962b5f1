"""`plan`: what training of a spec will take. No run is created."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dnnctl.commands.budget import settle_budget
from dnnctl.commands.pretrained import find_pretrained
from dnnctl.commands.session import faults_located
from dnnctl.commands.stderr import stderr_to
from dnnctl.events.event import Report, ignore
from dnnctl.specs import LoadedSpec, load

if TYPE_CHECKING:
    from dnnctl.runner.forecast import Forecast


def plan(
    spec: LoadedSpec | str | Path,
    *,
    runs_dir: str | Path | None = None,
    is_timed: bool = True,
    report: Report = ignore,
) -> Forecast:
    """Load the data, build the network, and run a few steps whose results are thrown away.

    The number of epochs of a spec with a budget is the one that would be chosen now, if the steps are timed.

    Args:
        is_timed: whether to run and time these steps.
        report: called with each event while the data and the model are prepared.

    Raises:
        UserError: the spec, the data or the device is not valid.
    """
    loaded = spec if isinstance(spec, LoadedSpec) else load(spec)
    if is_timed:
        loaded = settle_budget(loaded, runs_dir, report)
    loaded, source = find_pretrained(loaded, runs_dir)
    with stderr_to(os.devnull), faults_located(loaded):
        from dnnctl.runner.forecast import forecast
        from dnnctl.runner.setup import prepare

        setup, dataset = prepare(loaded.spec, report, pretrained=source.path if source else None)
        return forecast(setup, dataset, is_timed=is_timed)

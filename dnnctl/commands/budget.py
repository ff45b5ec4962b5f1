"""`training.budget`: the number of epochs that fit into a time is chosen once, before the run is created."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from dnnctl.commands.pretrained import find_pretrained
from dnnctl.commands.session import faults_located
from dnnctl.commands.stderr import stderr_to
from dnnctl.errors import UserError
from dnnctl.events.event import BudgetOpened, BudgetSettled, Report
from dnnctl.specs import LoadedSpec
from dnnctl.store.catalog import runs_directory


def settle_budget(
    loaded: LoadedSpec, runs_dir: str | Path | None, report: Report, *, started: float | None = None
) -> LoadedSpec:
    """The spec with the number of epochs that fit into its budget; unchanged if it leaves nothing open.

    Args:
        started: when the command was started, by `perf_counter`; by default now.

    Raises:
        UserError: not even one epoch fits, or the spec, the data or the device cannot be used.
    """
    training = loaded.spec.training
    if training.budget == "none" or training.is_settled:
        return loaded
    started = perf_counter() if started is None else started
    report(BudgetOpened(training.budget.minutes))
    found, source = find_pretrained(loaded, runs_dir)
    with stderr_to(os.devnull), faults_located(loaded):
        from dnnctl.engine.memory import memory_errors_explained
        from dnnctl.runner.budget import fit_epochs

        with memory_errors_explained():
            folder, pretrained = runs_directory(runs_dir), source.path if source else None
            fit = fit_epochs(found.spec, started=started, folder=folder, pretrained=pretrained)
    costs = fit.costs
    report(BudgetSettled(training.budget.minutes, fit.epochs, costs.epoch, costs.otherwise, fit.is_limited))
    spec = loaded.spec.model_copy(update={"training": training.with_epochs(fit.epochs)})
    return replace(loaded, spec=spec)


def check_settled(loaded: LoadedSpec, what: str) -> None:
    """Check that the number of epochs is known.

    Args:
        what: what needs it.

    Raises:
        UserError: a budget leaves it open.
    """
    training = loaded.spec.training
    if training.budget != "none" and not training.is_settled:
        raise UserError(
            f"training.budget leaves the number of epochs open, but {what} must know it. `dnnctl plan SPEC` shows how "
            f"many fit; then: --set training.budget=none --set training.epochs=N"
        )

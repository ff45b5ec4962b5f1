"""Searches that learn from the trials so far. Optuna and cmaes advise in memory; the store is their only record.

A proposal is a pure function of the sweep, the number of the trial, the finished trials and the running ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from dnnctl.errors import UserError
from dnnctl.search.ranking import less_is_better, loss_of, losses_of
from dnnctl.search.space import point_of, setting_at
from dnnctl.seeds import derive_seed
from dnnctl.specs.reading.load_sweep import Setting
from dnnctl.specs.sweep import CmaEs, Parameter, Range, Sweep, Tpe
from dnnctl.store.trials import Trial, TrialState

INSTALL = "pip install 'dnnctl[sweep]'"
SIGMA = 0.25
"""The first standard deviation of CMA-ES, in the unit cube."""


def check_installed(sweep: Sweep) -> None:
    """Check that the packages of a search are installed.

    Raises:
        UserError: one is missing.
    """
    package = {Tpe: "optuna", CmaEs: "cmaes"}.get(type(sweep.search))
    if package is not None:
        try:
            __import__(package)
        except ImportError:
            raise UserError(f"`search: {sweep.search.kind}` needs {package}. Install it: {INSTALL}") from None


def n_independent(sweep: Sweep) -> int:
    """The number of trials at the start whose settings do not depend on the results of others."""
    if isinstance(sweep.search, Tpe):
        return min(sweep.search.startup, sweep.search.trials)
    import numpy as np
    from cmaes import CMA

    return int(CMA(mean=np.zeros(len(sweep.parameters)), sigma=SIGMA).population_size)


def _tpe(sweep: Sweep, trials: Sequence[Trial], number: int) -> Setting:
    """Optuna's TPE, asked by a study with all trials. Running trials count as bad ones, so that they are not repeated.

    Source: Bergstra et al. (2011).
    """
    import optuna

    assert isinstance(sweep.search, Tpe)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions = {path: _distribution(each) for path, each in sweep.parameters.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=sweep.search.startup,
            seed=derive_seed(sweep.seed, "tpe", number),
            multivariate=True,
            constant_liar=True,
        )
    directions = ["minimize" if less_is_better(metric) else "maximize" for metric in sweep.metrics]
    study = optuna.create_study(sampler=sampler, directions=directions)
    earlier = sorted((trial for trial in trials if trial.number < number), key=lambda trial: trial.number)
    study.add_trials([_frozen(sweep, trial, distributions) for trial in earlier])
    asked = study.ask(distributions)
    return {path: _value(each, asked.params[path]) for path, each in sweep.parameters.items()}


def _distribution(parameter: Parameter) -> Any:
    import optuna

    if not isinstance(parameter, Range):
        return optuna.distributions.CategoricalDistribution(range(len(parameter)))
    is_log = parameter.scale == "log"
    if parameter.is_whole:
        return optuna.distributions.IntDistribution(int(parameter.low), int(parameter.high), log=is_log)
    return optuna.distributions.FloatDistribution(parameter.low, parameter.high, log=is_log)


def _value(parameter: Parameter, chosen: Any) -> Any:
    """The value that Optuna has chosen; of a list it knows only the places."""
    if not isinstance(parameter, Range):
        return parameter[chosen]
    if parameter.is_whole:
        return int(chosen)
    return float(min(max(float(f"{chosen:.6g}"), parameter.low), parameter.high))


def _frozen(sweep: Sweep, trial: Trial, distributions: dict[str, Any]) -> Any:
    """A trial as Optuna knows it. One that diverged is worse than all others."""
    import optuna

    state = optuna.trial.TrialState
    setting = trial.facts.setting
    params = {
        path: setting[path] if isinstance(each, Range) else each.index(setting[path])
        for path, each in sweep.parameters.items()
    }
    made: dict[str, Any] = {"params": params, "distributions": distributions}
    has_values = losses_of(trial, sweep.metrics) is not None
    if has_values:
        return optuna.trial.create_trial(values=[trial.value(metric) for metric in sweep.metrics], **made)
    if trial.state in (TrialState.STOPPED, TrialState.DIVERGED) and len(sweep.metrics) == 1:
        curve = trial.curve(sweep.metrics[0]) if trial.state is TrialState.STOPPED else {}
        return optuna.trial.create_trial(state=state.PRUNED, intermediate_values=curve, **made)
    return optuna.trial.create_trial(state=state.FAIL if trial.state.is_over else state.RUNNING, **made)


def _cma_es(sweep: Sweep, trials: Sequence[Trial], number: int) -> Setting:
    """CMA-ES in the unit cube, told the finished trials in generations by their numbers. Source: Hansen (2016)."""
    import numpy as np
    from cmaes import CMA

    n = len(sweep.parameters)
    bounds = np.tile([0.0, 1.0], (n, 1))
    optimizer = CMA(mean=np.full(n, 0.5), sigma=SIGMA, bounds=bounds, seed=derive_seed(sweep.seed, "cma_es"))
    size = optimizer.population_size
    over = sorted((trial for trial in trials if trial.state.is_over), key=lambda trial: trial.number)
    for start in range(0, len(over) - size + 1, size):
        generation = over[start : start + size]
        points = [np.array(point_of(sweep.parameters, trial.facts.setting)) for trial in generation]
        optimizer.tell(list(zip(points, _finite_losses(generation, sweep.metrics[0]), strict=True)))
    optimizer.reseed_rng(derive_seed(sweep.seed, "cma_es", number))
    return setting_at(sweep.parameters, [min(float(u), 1.0) for u in optimizer.ask()])


def _finite_losses(trials: Sequence[Trial], metric: str) -> list[float]:
    """The losses of trials; those without a value get the worst of the others."""
    values = [trial.value(metric) if trial.state is not TrialState.DIVERGED else None for trial in trials]
    losses = [loss_of(value, metric) for value in values if value is not None]
    worst = max(losses, default=0.0)
    return [worst if value is None else loss_of(value, metric) for value in values]


ADVISERS: dict[type[Any], Callable[[Sweep, Sequence[Trial], int], Setting]] = {Tpe: _tpe, CmaEs: _cma_es}
"""By kind of search."""

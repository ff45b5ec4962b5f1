"""Searches whose settings are known before the first trial: the same table for any number of workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from dnnctl.errors import UserError
from dnnctl.search.space import grid_values, setting_at
from dnnctl.seeds import derive_seed
from dnnctl.specs.reading.load_sweep import LoadedSweep, Setting
from dnnctl.specs.sweep import MAX_TRIALS, CsvSettings, Grid, Random, Sobol


def planned_settings(loaded: LoadedSweep) -> list[Setting] | None:
    """All settings of a sweep in the order of their trials; None if they depend on the results of earlier trials.

    Raises:
        UserError: there are too many.
    """
    make = TABLES.get(type(loaded.sweep.search))
    return None if make is None else make(loaded)


def random_point(seed: int, number: int, n: int) -> Sequence[float]:
    """A random point of the unit cube in n dimensions for a trial: a function of the seed and its number alone."""
    return [float(u) for u in np.random.default_rng(derive_seed(seed, "trial", number)).random(n)]


def _grid(loaded: LoadedSweep) -> list[Setting]:
    columns = {path: grid_values(parameter) for path, parameter in loaded.sweep.parameters.items()}
    n = int(np.prod([len(values) for values in columns.values()], dtype=object))
    if n > MAX_TRIALS:
        raise UserError(f"The grid has {n:,} settings, but at most {MAX_TRIALS:,} are allowed. Try `search: random`.")
    return [dict(zip(columns, values, strict=True)) for values in product(*columns.values())]


def _random(loaded: LoadedSweep) -> list[Setting]:
    sweep = loaded.sweep
    assert isinstance(sweep.search, Random)
    n, numbers = len(sweep.parameters), range(1, sweep.search.trials + 1)
    return [setting_at(sweep.parameters, random_point(sweep.seed, number, n)) for number in numbers]


def _sobol(loaded: LoadedSweep) -> list[Setting]:
    """Sobol (1967), scrambled as by Owen. The points do not depend on their number."""
    from scipy.stats.qmc import Sobol as Sequence  # SciPy's statistics take a second to load

    sweep = loaded.sweep
    assert isinstance(sweep.search, Sobol)
    sequence = Sequence(len(sweep.parameters), seed=np.random.default_rng(derive_seed(sweep.seed, "sobol")))
    points = sequence.random_base2((sweep.search.trials - 1).bit_length())
    return [setting_at(sweep.parameters, point) for point in points[: sweep.search.trials]]


def _csv(loaded: LoadedSweep) -> list[Setting]:
    assert loaded.table is not None, "it is read with the sweep"
    return list(loaded.table.rows)


TABLES: dict[type[Any], Callable[[LoadedSweep], list[Setting]]] = {
    Grid: _grid,
    Random: _random,
    Sobol: _sobol,
    CsvSettings: _csv,
}
"""By kind of search."""

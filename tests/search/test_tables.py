"""The settings that are known before the first trial."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest
from scipy.stats.qmc import discrepancy

from dnnctl.errors import UserError
from dnnctl.search.tables import TABLES, planned_settings, random_point
from dnnctl.specs.reading.load_sweep import LoadedSweep, load_sweep
from dnnctl.specs.sweep import CmaEs, CsvSettings, Grid, Random, Sobol, Tpe
from sample_specs import write_spec

RATE, UNITS = "optimizer.learning_rate", "model.layers.1.units"


def loaded_sweep(folder: Path, *vary: str, **changes: Any) -> LoadedSweep:
    return load_sweep(write_spec(folder), vary=vary, changes=changes)


def test_a_grid_is_every_combination_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    loaded = loaded_sweep(tmp_path, f"{RATE}=[0.1, 0.2, 0.3]", f"{UNITS}=[5, 6]", search="grid")
    expected = [{RATE: rate, UNITS: units} for rate in (0.1, 0.2, 0.3) for units in (5, 6)]
    assert planned_settings(loaded) == expected


def test_a_grid_that_is_too_large_is_refused(tmp_path: Path) -> None:
    values = list(range(1, 102))
    loaded = loaded_sweep(tmp_path, f"seed={values}", f"{UNITS}={values}", search="grid")
    with pytest.raises(UserError, match=r"10,201 settings, but at most 10,000"):
        planned_settings(loaded)


@pytest.mark.parametrize("kind", ["random", "sobol"])
def test_more_trials_do_not_change_the_first_ones(kind: str, tmp_path: Path) -> None:
    """A sweep can be continued with more trials."""
    few, many = (
        planned_settings(
            loaded_sweep(tmp_path, f"{RATE}=log(1e-4, 1)", f"{UNITS}=[5, 6]", search={"kind": kind, "trials": n})
        )
        for n in (5, 40)
    )
    assert few is not None
    assert many is not None
    assert (len(few), len(many)) == (5, 40)
    assert many[:5] == few


def test_random_points_are_uniform_and_depend_on_seed_and_number_alone() -> None:
    points = np.array([random_point(7, number, 2) for number in range(1, 400)])
    assert min(kstest(column, "uniform").pvalue for column in points.T) > 0.01
    assert abs(np.corrcoef(points.T)[0, 1]) < 0.15
    assert random_point(7, 300, 2) == points[299].tolist()
    assert random_point(8, 300, 2) != random_point(7, 300, 2)


def test_a_sobol_sequence_covers_the_ranges_more_evenly_than_random_values(tmp_path: Path) -> None:
    """By the discrepancy of SciPy."""
    vary = "optimizer.momentum=linear(0.0, 1e-9)", f"{RATE}=linear(0.0001, 1.0001)"
    found = []
    for kind in ("sobol", "random"):
        settings = planned_settings(loaded_sweep(tmp_path, *vary, search={"kind": kind, "trials": 64}))
        assert settings is not None
        points = [[setting["optimizer.momentum"] * 1e9, setting[RATE] - 1e-4] for setting in settings]
        found.append(discrepancy(np.clip(points, 0, 1)))
    assert found[0] < found[1] / 5


def test_a_table_is_taken_as_it_is(tmp_path: Path) -> None:
    write_spec(tmp_path)
    (tmp_path / "settings.csv").write_text(f"{RATE},{UNITS}\n0.1,5\n1e-3,7\n")
    (tmp_path / "sweep.yaml").write_text(
        "spec: small.yaml\nsearch: {kind: csv, path: settings.csv}\nobjective: {metric: val_loss}\n"
    )
    assert planned_settings(load_sweep(tmp_path / "sweep.yaml")) == [{RATE: 0.1, UNITS: 5}, {RATE: 1e-3, UNITS: 7}]


def test_every_kind_is_either_a_table_or_an_adviser() -> None:
    assert set(TABLES) == {Grid, Random, Sobol, CsvSettings}
    from dnnctl.search.adviser import ADVISERS

    assert set(ADVISERS) == {Tpe, CmaEs}

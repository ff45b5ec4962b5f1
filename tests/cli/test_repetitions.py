"""`dnnctl train --seeds N --folds K`: what is printed after the last run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dnnctl.cli.repetitions import as_object
from dnnctl.store.record import RunRecord
from stored import make_run, store_run


def test_the_last_json_line_has_mean_and_standard_deviation_of_the_finished_runs(tmp_path: Path) -> None:
    accuracies = [0.8, 0.85, 0.81]
    runs: list[RunRecord] = [store_run(tmp_path, accuracy=a, seed=seed) for seed, a in enumerate(accuracies)]
    found = as_object([*runs, make_run(tmp_path)])
    assert (found["event"], found["seeds"], found["n_finished"]) == ("repetitions_ended", [0, 1, 2, 5], 3)
    assert found["mean"]["test accuracy"] == pytest.approx(np.mean(accuracies))
    assert found["standard_deviation"]["test accuracy"] == pytest.approx(np.std(accuracies, ddof=1))


def test_a_single_finished_run_has_no_standard_deviation(tmp_path: Path) -> None:
    found = as_object([store_run(tmp_path, accuracy=0.8)])
    assert (found["mean"]["test accuracy"], found["standard_deviation"]) == (0.8, {})

"""`dnnctl train --seeds N --folds K`: what is printed after the last run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dnnctl.cli.repetitions import RepetitionOptions, as_object, train_and_print
from dnnctl.commands.repetitions import Repetitions
from dnnctl.specs import load
from dnnctl.store.catalog import list_runs
from dnnctl.store.record import RunRecord, Status
from sample_specs import write_spec
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


def test_without_a_run_there_is_no_table_of_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first run could not start, and its error has been printed."""
    monkeypatch.setattr("dnnctl.cli.repetitions.train_repetitions", lambda *_, **__: Repetitions([], [2]))
    path = write_spec(tmp_path)
    options = RepetitionOptions(n_seeds=2, n_folds=0)
    assert train_and_print(load(path), path, None, options, quiet=False, as_json=False) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.heavy
def test_training_stops_when_the_process_of_the_seeds_is_killed(tmp_path: Path) -> None:
    """The child would train for hours: its output ends because it has stopped, and the run can be resumed."""
    spec = write_spec(tmp_path, training={"batch_size": 16, "epochs": 10**6})
    words = ["train", str(spec), "--seeds", "2", "--runs-dir", str(tmp_path / "runs"), "--json"]
    command = [sys.executable, "-m", "dnnctl", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        assert '"event": "run_opened"' in parent.stdout.readline()
        parent.kill()
        for _ in parent.stdout:
            pass
    (run,) = list_runs(tmp_path / "runs")
    assert run.status == Status.INTERRUPTED

"""Predictions for the rows of a CSV file: `dnnctl predict` compared with `keras.Model.predict` on the same rows.

    python -m benchmarks.predictions [ROWS]

dnnctl reads, predicts and writes a CSV file. Keras gets the rows in memory; its time is that of `predict` alone, and
with reading and writing by pandas. Each measurement is a fresh process; loading frameworks and the network is not
counted.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.clock import seconds

ROWS = 1_000_000
TRAINING_ROWS = 2000
COLORS = ("red", "green", "blue")
NUMBERS = 8
NEW, OUT, RUNS = "new.csv", "out.csv", "runs"
SPEC = """\
name: predictions
data:
  source: {kind: csv, path: train.csv, target: price}
  validation: {size: 0.2}
model:
  layers:
    - {kind: dense, units: 128, repeat: 2, activation: relu}
training: {batch_size: 32, epochs: 2}
"""


def main(n_rows: int = ROWS) -> None:
    """Print a Markdown table with a row for each side."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), n_rows)
        ours = _measure("dnnctl", folder)
        print(f"\n{n_rows:,} rows of a CSV file with {NUMBERS} numbers and a category; two layers of 128 units")
        print("| | predict alone | read, predict, write | peak memory |\n|---|---|---|---|")
        print(f"| dnnctl predict | | {ours['whole']:.1f} s | {ours['memory']:.0f} MB |")
        for batch_size in (32, 1024):
            theirs = _measure(str(batch_size), folder)
            name = f"keras.Model.predict, batch_size={batch_size}"
            times = f"{theirs['predict']:.1f} s | {theirs['whole']:.1f} s | {theirs['memory']:.0f} MB"
            print(f"| {name}{' (default)' if batch_size == 32 else ''} | {times} |")


def prepare(folder: Path, n_rows: int) -> None:
    """Write the files, and train a run."""
    import dnnctl

    (folder / "predictions.yaml").write_text(SPEC)
    _write(folder / "train.csv", TRAINING_ROWS)
    _write(folder / NEW, n_rows)
    dnnctl.train(folder / "predictions.yaml", runs_dir=folder / RUNS)


def _write(path: Path, n_rows: int) -> None:
    import numpy as np
    import pandas as pd

    draw = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{n}": draw.normal(50, 10, n_rows).round(4) for n in range(NUMBERS)})
    frame["color"] = np.array(COLORS, object)[draw.integers(0, len(COLORS), n_rows)]
    frame["price"] = frame["x0"] + 3 * frame["x1"]
    frame.to_csv(path, index=False)


def _measure(side: str, folder: str) -> dict[str, float]:
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "benchmarks.predictions", side, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(side: str, folder: Path) -> dict[str, float]:
    """The seconds and the megabytes of a side: `dnnctl`, or the batch size of Keras."""
    found = _with_dnnctl(folder) if side == "dnnctl" else _with_keras(folder, int(side))
    return found | {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _with_dnnctl(folder: Path) -> dict[str, float]:
    from dnnctl.cli.prediction_file import write_predictions
    from dnnctl.commands.predict import open_prediction
    from dnnctl.store.catalog import load_run

    found = open_prediction(load_run("last", folder / RUNS), [str(folder / NEW)])
    return {"whole": seconds(lambda: write_predictions(folder / OUT, found.batches()))}


def _with_keras(folder: Path, batch_size: int) -> dict[str, float]:
    import keras
    import pandas as pd

    from dnnctl.store.catalog import load_run

    model = keras.saving.load_model(load_run("last", folder / RUNS).folder.model)
    times: dict[str, float] = {}

    def whole() -> None:
        frame = pd.read_csv(folder / NEW)
        columns = {name: frame[name].to_numpy(object if name == "color" else float) for name in model.input}
        times["predict"] = _kept(lambda: model.predict(columns, batch_size=batch_size, verbose=0), found)
        pd.DataFrame({"row": range(1, len(frame) + 1), "prediction": found[0][:, 0]}).to_csv(folder / OUT, index=False)

    found: list = []
    times["whole"] = seconds(whole)
    return times


def _kept(action: Callable[[], object], results: list) -> float:
    return seconds(lambda: results.append(action()))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
    else:
        main(*map(int, sys.argv[1:]))

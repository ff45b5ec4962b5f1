"""`list` and `compare` as whole processes: with many runs in the store, and with two very long runs."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.clock import seconds
from dnnctl.specs import load, to_plain
from dnnctl.store.files import to_json_line
from dnnctl.store.record import TIME

N_RUNS = 10_000
N_EPOCHS = 100
N_ROWS = 1_000_000
N_TEST = 2000
N_REPEATS = 3
SELU = Path(__file__).parents[1] / "configs" / "selu.yaml"
COMMANDS = {
    "list": (["list"], 2.0),
    "list --filter": (["list", "--filter", "val_accuracy > 0.85 and optimizer.kind == sgd"], 2.0),
    "compare of two": (["compare", "run-00017", "run-09000"], 2.0),
}


def main() -> None:
    """Print a line for each command: seconds, and for long runs also memory."""
    print(f"\nSeconds of whole commands with {N_RUNS:,} runs of {N_EPOCHS} epochs, medians of {N_REPEATS}")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(N_RUNS):
            write_run(Path(folder), number, N_EPOCHS, with_predictions=number in (17, 9000))
        for name, (arguments, target) in COMMANDS.items():
            print(f"{name:<32}{_time(arguments, folder):>6.2f}  at most {target}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(2):
            write_run(Path(folder), number, N_EPOCHS, with_predictions=True)
        print(f"{'compare of two, alone':<32}{_time(['compare', 'run-00000', 'run-00001'], folder):>6.2f}  at most 0.5")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(2):
            write_run(Path(folder), number, N_ROWS, with_predictions=True)
        took = _time(["compare", "run-00000", "run-00001"], folder)
        megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"{f'compare, {N_ROWS:,} rows each':<32}{took:>6.2f}  at most 3.0; {megabytes:.0f} MB, at most 500")


def write_run(directory: Path, number: int, n_epochs: int, *, with_predictions: bool) -> None:
    """Write the folder of a finished run, without training it."""
    draw = np.random.default_rng(number)
    spec = load(SELU, [f"name=run-{number:05d}", f"seed={number}"]).spec
    made = datetime(2026, 1, 1) + timedelta(seconds=7 * number)
    path = directory / f"{made.strftime(TIME)}-{spec.name}-beef"
    path.mkdir()
    losses = 0.4 + draw.random(n_epochs) / (1 + np.arange(n_epochs))
    with (path / "metrics.jsonl").open("w") as file:
        file.writelines(to_json_line(_row(i + 1, float(loss))) + "\n" for i, loss in enumerate(losses))
    summary = {
        "id": path.name, "stopped_early": False, "epochs": n_epochs, "steps": n_epochs * 250, "monitor": "val_loss",
        "best_epoch": 7, "best": _row(7, float(losses[6])), "parameters": 266610, "task": "classes",
        "training_seconds": 10.0, "seconds": 12.0,
        "test": {"loss": 0.5, "accuracy": 0.85}, "validation": {"loss": 0.5, "accuracy": 0.86},
    }  # fmt: skip
    facts = {
        "id": path.name, "name": spec.name, "created": made.isoformat(), "seed": number, "spec": to_plain(spec),
        "parameters": 266610, "parent": None,
    }  # fmt: skip
    (path / "run.json").write_text(json.dumps(facts))
    (path / "summary.json").write_text(json.dumps(summary))
    if with_predictions:
        probabilities = draw.dirichlet(np.ones(10), N_TEST).astype(np.float32)
        labels = np.random.default_rng(0).integers(0, 10, N_TEST)
        np.savez_compressed(path / "predictions.npz", test_predictions=probabilities, test_labels=labels)


def _row(epoch: int, loss: float) -> dict[str, float]:
    return {
        "epoch": epoch, "step": epoch * 250, "seconds": 0.1, "learning_rate": 0.01,
        "loss": loss, "accuracy": 0.86, "val_loss": loss + 0.1, "val_accuracy": 0.9 - loss / 9,
    }  # fmt: skip


def _time(arguments: list[str], folder: str) -> float:
    environment = {**os.environ, "DNNCTL_RUNS_DIR": folder}
    command = [sys.executable, "-m", "dnnctl", *arguments]

    def call() -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)

    call()
    return median(seconds(call) for _ in range(N_REPEATS))


if __name__ == "__main__":
    main()

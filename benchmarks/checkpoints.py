"""The share of training's time that checkpoints take: one an epoch of 55,000 images, and one every half minute.

A checkpoint costs the copy of the state, for which training waits, and the writing, which goes on beside it. The share
counts both in full, as if training stood still all the while: more than it really costs.
"""

from __future__ import annotations

import tempfile
import time
from statistics import median
from typing import Any

from benchmarks.nets import BATCH_SIZE, N_IMAGES, dense, make_spec
from dnnctl.commands.train import train
from dnnctl.runner import trainer as experiment
from dnnctl.runner.checkpointing.checkpointer import Checkpointer

NETS = {"300-100": (dense(300, 100), 12), "2800-2700": (dense(2800, 2700), 4)}
"""For each net its layers and the epochs it is trained."""
HALF_A_MINUTE = 30.0


class TimedSaver(Checkpointer):
    """Notes how long copying and writing take."""

    copying: list[float]
    writing: list[float]

    def save(self, *, wait: bool = False) -> None:
        """Save, and note how long training waited."""
        self.finish()
        started = time.perf_counter()
        super().save(wait=False)
        self.copying.append(time.perf_counter() - started)
        if wait:
            self.finish()

    def _write(self, *arguments: Any) -> None:
        started = time.perf_counter()
        super()._write(*arguments)
        self.writing.append(time.perf_counter() - started)


def main() -> None:
    """Print a line for each net."""
    experiment.Saver = TimedSaver  # type: ignore[misc]
    print("\nWhat a checkpoint costs, medians, and its share of the time")
    print(f"{'net':<12}{'parameters':>12}{'copy':>9}{'write':>9}{'an epoch':>10}{'one each':>10}{'one in 30 s':>13}")
    for name, (layers, n_epochs) in NETS.items():
        TimedSaver.copying, TimedSaver.writing = [], []
        with tempfile.TemporaryDirectory() as folder:
            run = train(make_spec(layers, source="fashion_mnist_sample", epochs=n_epochs), runs_dir=folder)
            rows, n_parameters = run.rows, run.summary.parameters
        n_steps = rows[1]["step"] - rows[0]["step"]
        epoch = median(row["seconds"] for row in rows[1:]) * -(-N_IMAGES // BATCH_SIZE) / n_steps
        copy, write = median(TimedSaver.copying), median(TimedSaver.writing)
        cost = copy + write
        print(
            f"{name:<12}{n_parameters:>12,}{copy:>7.3f} s{write:>7.3f} s{epoch:>8.2f} s"
            f"{cost / (epoch + cost):>10.1%}{cost / (HALF_A_MINUTE + cost):>13.2%}",
            flush=True,
        )


if __name__ == "__main__":
    main()

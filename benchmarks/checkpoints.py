"""The fraction of training time that checkpoints take: one per epoch of 55,000 images, and one every 30 seconds.

Training waits while the state is copied, but not while it is written. The fraction counts both in full, so it is an
upper bound.
"""

from __future__ import annotations

import tempfile
import time
from statistics import median
from typing import Any
from unittest.mock import patch

from benchmarks.nets import BATCH_SIZE, N_IMAGES, dense, make_spec
from dnnctl.commands.train import train
from dnnctl.runner import trainer
from dnnctl.runner.checkpointing.checkpointer import Checkpointer
from dnnctl.runner.loop import Loop

NETS = {"300-100": (dense(300, 100), 12), "2800-2700": (dense(2800, 2700), 4)}
"""For each net, its layers and the number of epochs."""
HALF_A_MINUTE = 30.0


class TimedCheckpointer(Checkpointer):
    """Records how long copying and writing take."""

    copying: list[float]
    writing: list[float]

    def save(self, loop: Loop, *, wait: bool = False, is_anchor: bool = False) -> None:
        """Save, and record how long training waited."""
        self.finish()
        started = time.perf_counter()
        super().save(loop, is_anchor=is_anchor)
        self.copying.append(time.perf_counter() - started)
        if wait:
            self.finish()

    def _write(self, *arguments: Any) -> None:
        started = time.perf_counter()
        super()._write(*arguments)
        self.writing.append(time.perf_counter() - started)


def main() -> None:
    """Print a line for each net."""
    print("\nThe cost of a checkpoint, medians, and the fraction of training time")
    print(f"{'net':<12}{'parameters':>12}{'copy':>9}{'write':>9}{'epoch':>10}{'per epoch':>11}{'every 30 s':>12}")
    for name, (layers, n_epochs) in NETS.items():
        TimedCheckpointer.copying, TimedCheckpointer.writing = [], []
        with patch.object(trainer, "Checkpointer", TimedCheckpointer), tempfile.TemporaryDirectory() as folder:
            run = train(make_spec(layers, source="fashion_mnist_sample", epochs=n_epochs), runs_dir=folder)
            rows, n_parameters = run.rows, run.summary.parameters
        n_steps = rows[1]["step"] - rows[0]["step"]
        epoch = median(row["seconds"] for row in rows[1:]) * -(-N_IMAGES // BATCH_SIZE) / n_steps
        copy, write = median(TimedCheckpointer.copying), median(TimedCheckpointer.writing)
        cost = copy + write
        print(
            f"{name:<12}{n_parameters:>12,}{copy:>7.3f} s{write:>7.3f} s{epoch:>8.2f} s"
            f"{cost / (epoch + cost):>11.1%}{cost / (HALF_A_MINUTE + cost):>12.2%}",
            flush=True,
        )


if __name__ == "__main__":
    main()

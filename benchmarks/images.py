"""Training on a folder of N PNG files, next to Keras's own loader and `model.fit`: `python -m benchmarks.images N`.

A 300-100 network, batches of 32. Each measurement is a fresh process, and the sides alternate.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import ClassVar

import numpy as np
from PIL import Image

N_IMAGES = 60_000
N_CLASSES = 10
SIZE = (28, 28)
BATCH_SIZE = 32
UNITS = (300, 100)
N_EPOCHS = 3
N_ROUNDS = 3
OLD = 1_700_000_000
"""The time of the files, in seconds since 1970. An index does not trust files that were just written."""
TARGET, LONGEST = 1.0, 10
"""Images per second compared with Keras, and seconds to the first step."""
Measured = tuple[float, float, float]
"""Seconds to the first step without an index of the files, and with it; seconds of an epoch."""
SIDES = {
    "Keras": [],
    "in memory": ["data.in_memory=true"],
    "streamed": ["data.in_memory=false"],
    "streamed, cache": ["data.in_memory=false", "data.source.cache=true"],
}
"""Keras's loader, and the overrides of dnnctl's spec."""


def main(n_images: int = N_IMAGES, n_rounds: int = N_ROUNDS) -> None:
    """Measure each side several times, and print a line for each."""
    what = f"{n_images:,} PNG files of {SIZE[0]} × {SIZE[1]} pixels"
    print(f"\nA folder of {what}, medians of {n_rounds} processes per side")
    found: dict[str, list[Measured]] = {side: [] for side in SIDES}
    with tempfile.TemporaryDirectory() as folder:
        root = write_images(Path(folder, "images"), n_images)
        measure("Keras", root, "")  # the system reads the files into memory
        for number in range(n_rounds):
            for side in SIDES:
                cache = f"{folder}/cache {side} {number}"
                first, _ = measure(side, root, cache)
                found[side].append((first, *measure(side, root, cache)))
    print_table(n_images, found)


def print_table(n_images: int, found: Mapping[str, Sequence[Measured]]) -> None:
    """Print medians for each side, and the median of the paired ratios."""
    print(f"{'':<18}{'first step, no index':>22}{'first step':>12}{'images/s':>12}{'against Keras':>15}")
    rates = {side: [n_images / epoch for *_, epoch in rows] for side, rows in found.items()}
    for side, rows in found.items():
        first, later, _ = map(median, zip(*rows, strict=True))
        ratio = median(ours / theirs for ours, theirs in zip(rates[side], rates["Keras"], strict=True))
        print(f"{side:<18}{first:>22.2f}{later:>12.2f}{median(rates[side]):>12,.0f}{ratio:>14.2f}x", flush=True)
    print(f"targets: {TARGET:.2f}x, and a first step within {LONGEST} s")


def measure(side: str, root: Path, cache: str) -> tuple[float, float]:
    """The seconds from the start of a process to its first step, and those of a later epoch."""
    command = [sys.executable, "-m", "benchmarks.images", side, str(root)]
    environment = {**os.environ, "DNNCTL_CACHE_DIR": cache, "TF_CPP_MIN_LOG_LEVEL": "2"}
    started = time.time()
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    first, epoch = map(float, done.stdout.split()[-2:])
    return first - started, epoch


def train_with_dnnctl(root: Path, overrides: list[str]) -> tuple[float, float]:
    """The time of the first step, and the median of the seconds of the epochs after the first."""
    from dnnctl.commands.train import train
    from dnnctl.events.event import Event, StepsDone
    from dnnctl.specs import load

    spec = root.parent / "images.yaml"
    layers = ["flatten", *({"kind": "dense", "units": units} for units in UNITS)]
    sections = {
        "data": {"source": {"kind": "images", "path": str(root)}, "scaling": "unit"},
        "model": {"defaults": {"activation": "relu"}, "layers": layers},
        "optimizer": {"kind": "sgd", "learning_rate": 0.01},
        "training": {"batch_size": BATCH_SIZE, "epochs": N_EPOCHS},
    }
    spec.write_text(json.dumps(sections))
    steps: list[float] = []

    def report(event: Event) -> None:
        if isinstance(event, StepsDone):
            steps.append(time.time())

    with tempfile.TemporaryDirectory() as runs:
        rows = train(load(spec, overrides), runs_dir=runs, report=report).rows
    return steps[0], median(row["seconds"] for row in rows[1:])


def train_with_keras(root: Path) -> tuple[float, float]:
    """The same for `image_dataset_from_directory` and `model.fit`."""
    import keras

    class EpochClock(keras.callbacks.Callback):
        first_step = 0.0
        epochs: ClassVar[list[float]] = []

        def on_train_batch_end(self, _batch: int, logs: object = None) -> None:  # noqa: ARG002 (Keras's signature)
            self.first_step = self.first_step or time.time()

        def on_epoch_end(self, _epoch: int, logs: object = None) -> None:  # noqa: ARG002 (Keras's signature)
            self.epochs.append(time.time())

    batches = keras.utils.image_dataset_from_directory(
        root, color_mode="grayscale", image_size=SIZE, batch_size=BATCH_SIZE, verbose=False
    )
    hidden = [keras.layers.Dense(units, activation="relu", kernel_initializer="he_normal") for units in UNITS]
    model = keras.Sequential(
        [keras.Input((*SIZE, 1)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), *hidden]
    )
    model.add(keras.layers.Dense(N_CLASSES, activation="softmax"))
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    clock = EpochClock()
    model.fit(batches, epochs=N_EPOCHS, shuffle=False, verbose=0, callbacks=[clock])
    return clock.first_step, median(np.diff(clock.epochs).tolist())


def write_images(root: Path, n_images: int) -> Path:
    """Write grey noise on a gradient, in one folder for each class."""
    draw = np.random.default_rng(0)
    gradient = np.add.outer(np.arange(SIZE[0]), np.arange(SIZE[1]))
    for label in range(N_CLASSES):
        (root / str(label)).mkdir(parents=True)
    for number in range(n_images):
        path = root / str(number % N_CLASSES) / f"{number}.png"
        Image.fromarray((gradient + draw.integers(0, 200, SIZE)).astype(np.uint8)).save(path)
        os.utime(path, (OLD, OLD))
    return root


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in SIDES:
        side, folder = sys.argv[1], Path(sys.argv[2])
        print(*(train_with_dnnctl(folder, SIDES[side]) if SIDES[side] else train_with_keras(folder)))
    else:
        main(*map(int, sys.argv[1:]))

"""Seconds to load a folder of N PNG files, against Keras's own loader: `python -m benchmarks.images N`."""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from PIL import Image

from benchmarks.clock import seconds
from dnnctl.data.source import load_source
from dnnctl.specs.images import Images

N_IMAGES = 60_000
N_CLASSES = 10
SIZE = (28, 28)
OLD = 1_700_000_000
"""The time of the files, in seconds since 1970. An index does not trust files that were just written."""


def main(n_images: int = N_IMAGES) -> None:
    """Print a line for each start, and one for a pass over Keras's data set."""
    print(f"\nSeconds to load {n_images:,} PNG files of {SIZE[0]} × {SIZE[1]} pixels; Keras decodes in each epoch")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DNNCTL_CACHE_DIR"] = str(Path(folder, "cache"))
        root = write_images(Path(folder, "images"), n_images)
        plain, cached = (Images(kind="images", path=str(root), cache=cache) for cache in (False, True))
        starts = {"first start": plain, "second start": plain, "first with cache": cached, "second with cache": cached}
        read_with_keras(root)  # TensorFlow starts, and the system reads the files into memory
        keras_pass = seconds(partial(read_with_keras, root))
        for name, source in starts.items():
            took = seconds(partial(read_all, source))
            print(f"{name:<20}{took:>8.2f}{keras_pass / took:>8.1f}x as fast as one pass of Keras", flush=True)
        print(f"{'Keras, one pass':<20}{keras_pass:>8.2f}")


def read_all(source: Images) -> None:
    """All images, as training in memory needs them."""
    raw = load_source(source)
    raw.digest()
    raw.train.take(slice(None))


def read_with_keras(root: Path) -> None:
    """The listing of the folder, and one pass over its batches."""
    batches = keras.utils.image_dataset_from_directory(
        root, color_mode="grayscale", image_size=SIZE, batch_size=32, shuffle=False, verbose=False
    )
    for _ in batches:
        pass


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
    main(int(sys.argv[1]) if len(sys.argv) > 1 else N_IMAGES)

"""Makes the bundled sample from the full files: the first 10,000 training and the first 2,000 test images.

    python -m dnnctl.data.sample.build DIRECTORY

DIRECTORY contains the four files of Fashion-MNIST, `train-images-idx3-ubyte.gz` and so on. The same files always give
the same bytes, on any machine.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np

from dnnctl.data.sources.fashion_mnist import read_idx
from dnnctl.data.sources.fashion_mnist_sample import SAMPLE

N_TRAIN, N_TEST = 10_000, 2_000


def build(source: Path, target: Path) -> None:
    """Write the arrays of the sample to `target`, with the strongest compression of deflate."""
    arrays = {
        "x_train": read_idx(source / "train-images-idx3-ubyte.gz")[:N_TRAIN],
        "y_train": read_idx(source / "train-labels-idx1-ubyte.gz")[:N_TRAIN],
        "x_test": read_idx(source / "t10k-images-idx3-ubyte.gz")[:N_TEST],
        "y_test": read_idx(source / "t10k-labels-idx1-ubyte.gz")[:N_TEST],
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, buffer.getvalue(), compresslevel=9)


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(__file__).with_name(SAMPLE))

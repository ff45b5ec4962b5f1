"""Fashion-MNIST: 70,000 grey images of clothes, 28 × 28 pixels, ten classes.

Source: Xiao, Rasul and Vollgraf, 2017. Copyright 2017 Zalando SE, MIT License.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.cache import Progress, RemoteFile, cached, fetch
from dnnctl.data.dataset import Part, RawData
from dnnctl.errors import DataError
from dnnctl.specs.class_names import FASHION_MNIST
from dnnctl.specs.source import BuiltIn

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
SHA256 = {
    "train-images-idx3-ubyte.gz": "a26751d72d89606ffbfdd4dd5d16911f01e93a7ff4783c95da7307a073d79fa7",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte.gz": "78cb45a589ec14266eab4ac0cb2e9e10a4c076ae2d337fe86383d761bff83f32",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
FILES = {name: RemoteFile(f"fashion-mnist/{name}", URL + name, digest) for name, digest in SHA256.items()}


def load(_source: BuiltIn, progress: Progress) -> RawData:
    """All 60,000 training and 10,000 test images, from the cache."""
    paths = {name: fetch(file, progress) for name, file in FILES.items()}
    return RawData(_part(paths, "train"), _part(paths, "t10k"), "classes", FASHION_MNIST)


def is_cached() -> bool:
    """Whether the data set loads without a download."""
    return all(cached(file) for file in FILES.values())


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array in a gzip-compressed idx file of bytes.

    Raises:
        DataError: the file is damaged.
    """
    try:
        with gzip.open(path, "rb") as file:
            raw = file.read()
        n_axes = raw[3]
        shape = tuple(int(size) for size in np.frombuffer(raw, ">u4", n_axes, offset=4))
        return np.frombuffer(raw, np.uint8, offset=4 + 4 * n_axes).reshape(shape)
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise DataError(f"{path} is damaged ({error}). Remove it, so that it is downloaded again.") from None


def _part(paths: dict[str, Path], prefix: str) -> Part:
    images = read_idx(paths[f"{prefix}-images-idx3-ubyte.gz"])
    labels = read_idx(paths[f"{prefix}-labels-idx1-ubyte.gz"])
    return Part(images, labels.astype(np.int32))

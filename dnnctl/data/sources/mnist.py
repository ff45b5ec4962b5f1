"""MNIST: 70,000 grey images of digits, 28 × 28 pixels.

Source: LeCun, Bottou, Bengio and Haffner, 1998.
"""

from __future__ import annotations

import numpy as np

from dnnctl.data.cache import Progress, RemoteFile, cached, fetch
from dnnctl.data.dataset import Part, RawData
from dnnctl.errors import DataError
from dnnctl.specs.class_names import MNIST
from dnnctl.specs.source import BuiltIn

FILE = RemoteFile(
    "mnist.npz",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
)


def load(_source: BuiltIn, progress: Progress) -> RawData:
    """All 60,000 training and 10,000 test images, from the cache."""
    path = fetch(FILE, progress)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            train = Part(arrays["x_train"], arrays["y_train"].astype(np.int32))
            test = Part(arrays["x_test"], arrays["y_test"].astype(np.int32))
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is damaged ({error}). Remove it, so that it is downloaded again.") from None
    return RawData(train, test, "classes", MNIST)


def is_cached() -> bool:
    """Whether the data set loads without a download."""
    return cached(FILE) is not None

"""California housing: the median house value, in dollars, of 20,640 districts, from eight numbers.

The test split is that of Keras: the last fifth of a fixed shuffle.

Source: Pace and Barry, 1997.
"""

from __future__ import annotations

import numpy as np

from dnnctl.data.cache import Progress, RemoteFile, cached, fetch
from dnnctl.data.dataset import Part, RawData
from dnnctl.errors import DataError
from dnnctl.specs.source import BuiltIn

FILE = RemoteFile(
    "california_housing.npz",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/california_housing.npz",
    "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
)
SEED = 113
TRAIN_FRACTION = 0.8


def load(_source: BuiltIn, progress: Progress) -> RawData:
    """16,512 training and 4,128 test districts, from the cache."""
    path = fetch(FILE, progress)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            inputs, values = arrays["x"].astype(np.float32), arrays["y"].astype(np.float32).reshape(-1, 1)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is damaged ({error}). Remove it, so that it is downloaded again.") from None
    order = np.random.RandomState(SEED).permutation(len(inputs))
    train, test = np.split(order, [int(len(order) * TRAIN_FRACTION)])
    return RawData(Part(inputs[train], values[train]), Part(inputs[test], values[test]), "numbers")


def is_cached() -> bool:
    """Whether the data set loads without a download."""
    return cached(FILE) is not None

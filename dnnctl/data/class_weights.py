"""The weight of each class in the training loss.

Shapes: N is the number of training examples, K the number of classes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.classes import find_classes
from dnnctl.data.dataset import Array, RawData
from dnnctl.errors import DataError
from dnnctl.specs.class_names import entry_of
from dnnctl.specs.data import Data

Weights = NDArray[np.float32]


def class_weights(data: Data, raw: RawData, labels: Array) -> Weights | None:
    """(K,) the weight of each class; None if all classes have the weight 1.

    Args:
        labels: (N,) the class numbers of the training examples.

    Raises:
        DataError: the targets are not classes, a named class does not exist or appears twice, or all weights are 0.
    """
    choice = data.class_weights
    if choice == "none":
        return None
    if raw.task != "classes":
        raise DataError("data.class_weights: the targets are not classes. Remove the key.")
    if choice == "balanced":
        return _balanced(labels, len(raw.class_names))
    numbers = find_classes([entry_of(key) for key in choice], raw.class_names, "data.class_weights")
    weights = np.ones(len(raw.class_names), np.float32)
    weights[numbers] = list(choice.values())
    if not weights[labels.astype(np.intp)].any():
        raise DataError("data.class_weights: every training example has the weight 0. Give a class a larger weight.")
    return weights


def _balanced(labels: Array, n_classes: int) -> Weights:
    """(K,) n / (K · n_k), where K counts the classes that have examples; 1 for the others."""
    counts = np.bincount(labels.astype(np.intp), minlength=n_classes)
    n_present = np.count_nonzero(counts)
    return np.where(counts > 0, len(labels) / (n_present * np.maximum(counts, 1)), 1).astype(np.float32)

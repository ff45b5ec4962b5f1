"""The test split that is taken from the training examples of a source."""

from __future__ import annotations

import numpy as np

from dnnctl.data.dataset import Array, RawData, Rows
from dnnctl.data.split import split_rows
from dnnctl.data.tables.wording import listed
from dnnctl.errors import DataError
from dnnctl.seeds import derive_seed
from dnnctl.specs.data import Validation
from dnnctl.specs.size import Size

SEED = derive_seed(0, "test split")
"""The same for every run: results of different seeds are only comparable on the same test split."""


def hold_out(raw: RawData, size: Size) -> tuple[Rows, Rows]:
    """The rows of training and of the test, disjoint, each in ascending order.

    Raises:
        DataError: nothing is left for training or for the test, or the test has a class that training lacks.
    """
    train, test = split_rows(Validation(size=size), raw, seed=SEED, is_built_in=False, key="data.source.test")
    if raw.task == "classes":
        _check_classes(raw.train.targets[train], raw.train.targets[test], raw.class_names)
    return train, test


def _check_classes(train: Array, test: Array, class_names: tuple[str, ...]) -> None:
    unseen = np.setdiff1d(test, train)
    if len(unseen):
        raise DataError(
            "data.source.test: no training example has the class of these test examples: "
            f"{listed(class_names[label] for label in unseen)}. Use another `size`, or remove these classes."
        )

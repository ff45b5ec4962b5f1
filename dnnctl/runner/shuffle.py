"""The order of an epoch's examples and the seed of their augmentation: pure functions of seed and epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.generator import generator
from dnnctl.seeds import derive_seed


def epoch_order(seed: int, epoch: int, n: int, *, purpose: str = "order") -> NDArray[np.int32]:
    """(n,) a permutation of the examples. Epochs count from 1; different purposes get different permutations."""
    return generator(seed, purpose, epoch).permutation(n).astype(np.int32)


def augment_seed(seed: int, epoch: int) -> int:
    """The seed of an epoch's augmentation. Epochs count from 1."""
    return derive_seed(seed, "augment", epoch)

"""The order of an epoch's examples: a pure function of seed and epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.generator import generator


def epoch_order(seed: int, epoch: int, n: int, *, purpose: str = "order") -> NDArray[np.int32]:
    """(n,) a permutation of the examples. Epochs count from 1; different purposes get different permutations."""
    return generator(seed, purpose, epoch).permutation(n).astype(np.int32)

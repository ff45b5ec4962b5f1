"""The order in which an epoch takes the examples: a pure function of the seed and the epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.generator import generator


def epoch_order(seed: int, epoch: int, n: int, *, purpose: str = "order") -> NDArray[np.int32]:
    """(n,) a permutation of the examples; epochs count from 1, and each purpose has permutations of its own."""
    return generator(seed, purpose, epoch).permutation(n).astype(np.int32)

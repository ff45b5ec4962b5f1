"""Streams of random numbers, one for each purpose."""

from __future__ import annotations

import numpy as np

from dnnctl.seeds import derive_seed


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """A stream of random numbers for a purpose: the same seed and purpose give the same numbers anywhere."""
    return np.random.Generator(np.random.Philox(derive_seed(seed, *purpose)))

"""Names and seeds of layers: both depend only on a layer's position, so that they are the same in every run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import keras

from dnnctl.seeds import derive_seed


@dataclass
class Names:
    """Assigns the names `dense_1`, `dense_2`, `conv2d_1`, … and the seeds of the layers."""

    seed: int
    counts: Counter[str] = field(default_factory=Counter)

    def next(self, kind: str) -> str:
        """The name of the next layer of a kind."""
        self.counts[kind] += 1
        return f"{kind}_{self.counts[kind]}"

    def seed_of(self, name: str) -> int:
        """The seed of the random numbers of a layer."""
        return derive_seed(self.seed, name)


def seeded(layer: type[keras.layers.Layer], names: Names, name: str, **arguments: Any) -> keras.layers.Layer:
    """A layer that is random in training."""
    return layer(**arguments, name=name, seed=names.seed_of(name))

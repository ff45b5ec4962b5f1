"""Names and seeds of layers: both follow from where a layer stands, so that they mean the same in every run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import keras

from dnnctl.seeds import derive_seed


@dataclass
class Names:
    """Hands out `dense_1`, `dense_2`, `conv2d_1`, … and the seeds that go with them."""

    seed: int
    counts: Counter[str] = field(default_factory=Counter)

    def next(self, kind: str) -> str:
        """The name of the next layer of a kind."""
        self.counts[kind] += 1
        return f"{kind}_{self.counts[kind]}"

    def seed_of(self, name: str) -> int:
        """The seed of what a layer draws at random."""
        return derive_seed(self.seed, name)


def seeded(layer: type[keras.layers.Layer], names: Names, name: str, **arguments: Any) -> keras.layers.Layer:
    """A layer that draws at random in training."""
    return layer(**arguments, name=name, seed=names.seed_of(name))

"""When training saw an example: a pure function of the seed, the number of examples and the batch size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dnnctl.runner.shuffle import epoch_order


@dataclass(frozen=True)
class Sighting:
    """A step that trained on an example."""

    epoch: int
    step: int
    """Counted from 1, from the start of the run."""
    position: int
    """The place of the example in the batch, from 1."""


def find_sightings(row: int, starts: Mapping[int, int], *, seed: int, n: int, batch_size: int) -> list[Sighting]:
    """The step of each epoch that trained on an example.

    Args:
        row: the number of the example in the training split, from 0.
        starts: for each epoch, the steps of the run that were finished before it.
        n: the number of training examples.
    """
    found = []
    for epoch, start in starts.items():
        place = int(np.flatnonzero(epoch_order(seed, epoch, n) == row)[0])
        found.append(Sighting(epoch, start + place // batch_size + 1, place % batch_size + 1))
    return found

"""The examples on the device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from dnnctl.data.dataset import Dataset, Part
from dnnctl.data.lazy import LazyInputs
from dnnctl.engine.step_loop import OnDevice, Placed, to_device, without_targets
from dnnctl.engine.streaming import Streamed
from dnnctl.runner.setup import Setup
from dnnctl.runner.targets import encode_targets

MEASURED = ("validation", "test")
"""The splits that the results are measured on."""
SPLITS = ("train", *MEASURED)


@dataclass
class Examples:
    """The splits of the data on the device, with targets in the form that the loss takes."""

    train: Placed
    measured: Mapping[str, Placed]
    """Validation and test, if the data have them."""
    labels: Mapping[str, NDArray[Any]]
    """The raw targets of validation and test."""
    unlabelled: OnDevice | None
    """The inputs for pretraining; see `take_unlabelled`."""

    @property
    def validation(self) -> Placed | None:
        """The validation examples."""
        return self.measured.get("validation")

    def take_unlabelled(self) -> OnDevice | None:
        """The inputs for pretraining. They are not kept here, so that their memory is freed after pretraining."""
        taken, self.unlabelled = self.unlabelled, None
        return taken


def place_all(setup: Setup, dataset: Dataset) -> Examples:
    """Place every split; the arrays in memory are not needed after that."""
    splits = {role: part for role in MEASURED if (part := getattr(dataset, role)) is not None}
    return Examples(
        train=place(setup, dataset.weighted_train),
        measured={role: place(setup, part) for role, part in splits.items()},
        labels={role: part.targets for role, part in splits.items()},
        unlabelled=None if dataset.unlabelled is None else without_targets(dataset.unlabelled),
    )


def place(setup: Setup, part: Part) -> Placed:
    """Copy a split to the device, with targets in the form that the loss takes. Lazy inputs stay where they are."""
    encoded = encode_targets(part, setup.head.targets, setup.n_outputs)
    if isinstance(part.inputs, LazyInputs):
        return Streamed(encoded, n_readers=setup.spec.runtime.readers)
    return to_device(encoded)

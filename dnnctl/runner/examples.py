"""The examples on the device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from dnnctl.data.dataset import Dataset, Part
from dnnctl.engine.step_loop import OnDevice, to_device, without_targets
from dnnctl.runner.setup import Setup
from dnnctl.runner.targets import encode_targets

MEASURED = ("validation", "test")
"""The splits that the results are measured on."""
SPLITS = ("train", *MEASURED)


@dataclass
class Examples:
    """The splits of the data on the device, with targets in the form that the loss takes."""

    train: OnDevice
    measured: Mapping[str, OnDevice]
    """Validation and test, if the data have them."""
    labels: Mapping[str, NDArray[Any]]
    """The raw targets of validation and test."""
    unlabelled: OnDevice | None
    """The inputs for pretraining; see `take_unlabelled`."""

    @property
    def validation(self) -> OnDevice | None:
        """The validation examples."""
        return self.measured.get("validation")

    def take_unlabelled(self) -> OnDevice | None:
        """The inputs for pretraining. They are not kept here, so that their memory is freed after pretraining."""
        taken, self.unlabelled = self.unlabelled, None
        return taken


def place_all(setup: Setup, dataset: Dataset) -> Examples:
    """Copy every split to the device; the arrays in memory are no longer needed after that."""
    splits = {role: part for role in MEASURED if (part := getattr(dataset, role)) is not None}
    return Examples(
        train=place(setup, dataset.weighted_train),
        measured={role: place(setup, part) for role, part in splits.items()},
        labels={role: part.targets for role, part in splits.items()},
        unlabelled=None if dataset.unlabelled is None else without_targets(dataset.unlabelled),
    )


def place(setup: Setup, part: Part) -> OnDevice:
    """Copy a split to the device, with targets in the form that the loss takes."""
    return to_device(encode_targets(part, setup.head.targets, setup.n_outputs))

"""A spec as the rules see it: with its network, and with the sizes that are known before the data are read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil

from dnnctl.advice.network import Network, network_of
from dnnctl.specs.experiment import Spec
from dnnctl.specs.images import Images
from dnnctl.specs.planned_phase import PlannedPhase, planned_phases
from dnnctl.specs.table import Table

BUILT_IN_SIZES = {
    "fashion_mnist_sample": (10_000, 10),
    "fashion_mnist": (60_000, 10),
    "mnist": (60_000, 10),
    "cifar10": (50_000, 10),
    "cifar100": (50_000, 100),
}
"""The number of training examples and of classes, by the kind of the source. Classes have about the same size."""


@dataclass(frozen=True)
class Recipe:
    """A spec, its network and its sizes."""

    spec: Spec

    @cached_property
    def network(self) -> Network:
        """The hidden layers."""
        return network_of(self.spec)

    @cached_property
    def phases(self) -> list[PlannedPhase]:
        """The phases of training."""
        return planned_phases(self.spec)

    @property
    def schedules(self) -> list[PlannedPhase]:
        """The phases in which a schedule starts, if its length is known: a budget leaves it open."""
        return [each for each in self.phases if each.starts_schedule] if self.spec.training.is_settled else []

    @property
    def has_images(self) -> bool:
        """Whether the inputs are known to be images with values from 0 to 255."""
        return self.spec.data.source.kind in BUILT_IN_SIZES or isinstance(self.spec.data.source, Images)

    @property
    def has_table(self) -> bool:
        """Whether the inputs are the columns of a table."""
        return isinstance(self.spec.data.source, Table)

    @cached_property
    def n_classes(self) -> int | None:
        """The number of classes; None if it is not known before the data are read."""
        if self.spec.data.classes != "all":
            return len(self.spec.data.classes)
        return BUILT_IN_SIZES.get(self.spec.data.source.kind, (0, None))[1]

    @cached_property
    def _n_examples(self) -> int | None:
        """The number of examples before the validation split."""
        size, n_all = BUILT_IN_SIZES.get(self.spec.data.source.kind, (None, 0))
        return None if size is None else size * (self.n_classes or n_all) // n_all

    @cached_property
    def n_validation(self) -> int | None:
        """The number of validation examples; None if it is not known before the data are read."""
        validation, n = self.spec.data.validation, self._n_examples
        if validation == "none":
            return 0
        if validation.fold != "none":
            return None if n is None else n // validation.fold.k
        assert validation.size != "none"
        if validation.size >= 1:
            return int(validation.size)
        return None if n is None else int(n * validation.size)

    @cached_property
    def n_train(self) -> int | None:
        """The number of training examples; None if it is not known before the data are read."""
        n, limit = self._n_examples, self.spec.data.limit
        if n is None or self.n_validation is None:
            return None
        left = max(n - self.n_validation, 0)
        return left if limit == "none" else min(left, limit)

    @cached_property
    def steps_per_epoch(self) -> int | None:
        """The number of steps in an epoch; None if it is not known before the data are read."""
        return None if not self.n_train else ceil(self.n_train / self.spec.training.batch_size)

"""The `data` section: the source of the examples, which of them are used, and how they are scaled."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dnnctl.specs.augment import Augment
from dnnctl.specs.field import (
    BY_FORM,
    LIST,
    MAPPING,
    NUMBER,
    SWITCH,
    WORD,
    Count,
    Index,
    NonNegative,
    OrAuto,
    OrNone,
    Section,
)
from dnnctl.specs.size import Size
from dnnctl.specs.source import Source


class Fold(Section):
    """One of k parts of the training examples, for cross-validation: each example is in exactly one of them."""

    k: Annotated[int, Field(strict=True, ge=2, le=1000)]
    """The number of parts."""
    number: Index = 0
    """The part that is set aside for validation, counted from 0."""


class Validation(Section):
    """The training examples that are set aside for validation."""

    size: Annotated[Annotated[Size, NUMBER] | OrNone, BY_FORM] = "none"
    """The number of examples (a whole number), or the fraction of all training examples (between 0 and 1). Required
    without `fold`."""
    take: Literal["auto", "first", "last", "random"] = "auto"
    """Which examples are taken. `random` depends only on `seed`. `auto`: `first` for a built-in data set, `random` for
    your own data. A source with a `date` always gives its newest examples, and one with a `group` whole groups."""
    stratify: Annotated[Annotated[bool, SWITCH] | OrAuto, BY_FORM] = "auto"
    """Whether every class has the same fraction in both splits; with `take: random`. `auto`: yes for your own data."""
    fold: Annotated[Annotated[Fold, MAPPING] | OrNone, BY_FORM] = "none"
    """Cross-validation: the validation split is one of k parts. `dnnctl train --folds K` trains all of them."""
    before_classes: bool = False
    """Whether the split is made before `classes` drops examples. Then `size` counts examples of all classes."""
    allow: bool = False
    """Whether to accept a split that lacks classes, or whose classes have other fractions than those of training."""


ClassList: TypeAlias = Annotated[list[int | str], Field(min_length=2)]
OrAll: TypeAlias = Annotated[Literal["all"], WORD]
WeightOfClass: TypeAlias = Annotated[dict[str, NonNegative], Field(min_length=1)]
BalancedOrNone: TypeAlias = Annotated[Literal["none", "balanced"], WORD]


class Data(Section):
    """The data set."""

    source: Source
    """Where the examples come from."""
    classes: Annotated[Annotated[ClassList, LIST] | OrAll, BY_FORM] = "all"
    """The classes to keep, by number or name. They are relabelled 0, 1, … in this order."""
    limit: Annotated[Annotated[Count, NUMBER] | OrNone, BY_FORM] = "none"
    """The number of training examples to keep: the first of a built-in data set, otherwise drawn at random, as
    `validation` draws. Applied after `classes` and `validation`."""
    validation: Annotated[Annotated[Validation, MAPPING] | OrNone, BY_FORM] = "none"
    """The training examples that are set aside for validation."""
    in_memory: Annotated[Annotated[bool, SWITCH] | OrAuto, BY_FORM] = "auto"
    """Whether all examples are in memory during training. `false`: they are read in chunks, two chunks ahead, which
    gives the same bits. `auto`: in memory if they need no more than `runtime.memory`."""
    scaling: Literal["auto", "none", "unit", "standardize"] = "auto"
    """How inputs are scaled, inside the model. `auto`: `standardize` for a table, `none` for everything else. `unit`:
    to the range 0 to 1; uint8 values are divided by 255, and other inputs are scaled by their minimum and maximum over
    the training split (of each column if an example is a row of values, otherwise of all values). `standardize`: each
    feature to mean 0 and variance 1 over the training split. Of a table, only numbers and dates are scaled.
    """
    augment: Augment = "none"
    """Random changes of the training examples, in this order. They depend only on `seed`, the epoch and the example,
    and are applied to the raw inputs, before `scaling`; uint8 inputs are rounded and clipped to 0 to 255 afterwards.
    Consecutive changes of geometry are combined and interpolated once. What is outside an image has the lowest value:
    0 for uint8, otherwise the smallest value of the training split.
    Validation, test and a `gan` of the pretraining use the original examples; an autoencoder learns to reconstruct the
    changed ones."""
    class_weights: Annotated[Annotated[WeightOfClass, MAPPING] | BalancedOrNone, BY_FORM] = "none"
    """The weight of each class in the training loss, in addition to the weights of single examples. `balanced`:
    n / (K · n_k) for a class with n_k of the n training examples, with K classes among them, so that all classes have
    the same total weight. A mapping: from a class, by its name or its number after `classes`, to its weight; the other
    classes have the weight 1. The validation loss and all metrics are not weighted by class."""

    @property
    def array_scaling(self) -> str:
        """How inputs that are not the rows of a table are scaled: never `auto`."""
        return "none" if self.scaling == "auto" else self.scaling

    target_scaling: Literal["auto", "standardize", "log", "none"] = "auto"
    """How target numbers are scaled for the loss, inside the model: its predictions, and all metrics except the loss,
    are in the unit of the targets. `standardize`: to mean 0 and variance 1 over the training split, so that an output
    of 0 is the mean. `log`: their logarithm, standardized; targets must be greater than 0. `auto`: `standardize`
    if the loss (mse, mae, huber, log_cosh) and the output (linear) allow it, otherwise `none`.
    """

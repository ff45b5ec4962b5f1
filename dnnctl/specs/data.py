"""The `data` section: where the examples come from, which of them are used, and how they are scaled."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from dnnctl.specs.field import BY_FORM, CHOICE, LIST, MAPPING, NUMBER, WORD, Count, Kind, OrNone, Section


class BuiltIn(Kind):
    """A well-known data set in Keras's cache layout, downloaded on first use; the sample comes with dnnctl."""

    kind: Literal["fashion_mnist_sample", "fashion_mnist", "mnist", "cifar10", "cifar100"]


class Npz(Kind):
    """Arrays in a NumPy file: inputs with an example in each row, and a class or number for each."""

    kind: Literal["npz"]
    path: str
    """The file, relative to the spec that names it."""
    train_inputs: str = "x_train"
    """The array of training inputs."""
    train_targets: str = "y_train"
    """The array of training targets."""
    test_inputs: str = "x_test"
    """The array of test inputs; a file without it has no test part."""
    test_targets: str = "y_test"
    """The array of test targets."""
    task: Literal["auto", "classes", "numbers"] = "auto"
    """What the targets are; `auto`: numbers where they are floating-point, classes otherwise."""


Source: TypeAlias = Annotated[BuiltIn | Npz, *CHOICE]


def _check_size(size: object) -> object:
    is_count = isinstance(size, int) and not isinstance(size, bool) and size > 0
    if not is_count and not (isinstance(size, float) and 0 < size < 1):
        raise ValueError("must be a whole number of examples, or a share between 0 and 1")
    return size


class Validation(Section):
    """The part of the training examples that is kept for validation."""

    size: Annotated[int | float, BeforeValidator(_check_size)]
    """How many examples (a whole number), or which share of them (a number between 0 and 1)."""
    take: Literal["first", "last", "random"] = "first"
    """Which ones; `random` is drawn from the seed."""
    stratify: bool = False
    """With `random`: whether every class keeps its share."""


ClassList: TypeAlias = Annotated[list[int | str], Field(min_length=2)]
OrAll: TypeAlias = Annotated[Literal["all"], WORD]


class Data(Section):
    """The examples."""

    source: Source
    """Where they come from."""
    classes: Annotated[Annotated[ClassList, LIST] | OrAll, BY_FORM] = "all"
    """Only these classes, by number or name, relabelled 0, 1, … in this order."""
    limit: Annotated[Annotated[Count, NUMBER] | OrNone, BY_FORM] = "none"
    """Only the first so many training examples, after `classes` and without the validation part."""
    validation: Annotated[Annotated[Validation, MAPPING] | OrNone, BY_FORM] = "none"
    """The part kept for validation."""
    scaling: Literal["none", "unit", "standardize"] = "none"
    """How inputs are scaled, inside the model. `unit`: to the range from 0 to 1 (pixels ÷ 255, else by each feature's
    smallest and largest training value). `standardize`: each feature to mean 0 and variance 1 over the training part.
    """

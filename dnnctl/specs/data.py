"""The `data` section: the source of the examples, which of them are used, and how they are scaled."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from dnnctl.specs.field import BY_FORM, CHOICE, LIST, MAPPING, NUMBER, WORD, Count, Kind, OrNone, Section


class BuiltIn(Kind):
    """A well-known data set. It is downloaded to Keras's cache on first use; the sample comes with dnnctl."""

    kind: Literal["fashion_mnist_sample", "fashion_mnist", "mnist", "cifar10", "cifar100"]


class Npz(Kind):
    """Arrays in a NumPy file: inputs with one example per row, and the class or the target numbers of each example."""

    kind: Literal["npz"]
    path: str
    """The file, relative to the spec that names it."""
    train_inputs: str = "x_train"
    """The array of training inputs."""
    train_targets: str = "y_train"
    """The array of training targets."""
    test_inputs: str = "x_test"
    """The array of test inputs. Without it, there is no test split."""
    test_targets: str = "y_test"
    """The array of test targets."""
    task: Literal["auto", "classes", "numbers"] = "auto"
    """What the targets are. `auto`: numbers if they are floating-point, classes otherwise."""


Source: TypeAlias = Annotated[BuiltIn | Npz, *CHOICE]


def _check_size(size: object) -> object:
    is_count = isinstance(size, int) and not isinstance(size, bool) and size > 0
    if not is_count and not (isinstance(size, float) and 0 < size < 1):
        raise ValueError("must be a whole number of examples, or a fraction between 0 and 1")
    return size


class Validation(Section):
    """The training examples that are set aside for validation."""

    size: Annotated[int | float, BeforeValidator(_check_size)]
    """The number of examples (a whole number), or the fraction of all training examples (between 0 and 1)."""
    take: Literal["first", "last", "random"] = "first"
    """Which examples are taken. `random` depends only on `seed`."""
    stratify: bool = False
    """Whether every class has the same fraction in both splits; with `take: random`."""


ClassList: TypeAlias = Annotated[list[int | str], Field(min_length=2)]
OrAll: TypeAlias = Annotated[Literal["all"], WORD]


class Data(Section):
    """The data set."""

    source: Source
    """Where the examples come from."""
    classes: Annotated[Annotated[ClassList, LIST] | OrAll, BY_FORM] = "all"
    """The classes to keep, by number or name. They are relabelled 0, 1, … in this order."""
    limit: Annotated[Annotated[Count, NUMBER] | OrNone, BY_FORM] = "none"
    """The number of training examples to keep, counted from the first. Applied after `classes` and `validation`."""
    validation: Annotated[Annotated[Validation, MAPPING] | OrNone, BY_FORM] = "none"
    """The training examples that are set aside for validation."""
    scaling: Literal["none", "unit", "standardize"] = "none"
    """How inputs are scaled, inside the model. `unit`: to the range 0 to 1; uint8 values are divided by 255, and other
    inputs are scaled by their minimum and maximum over the training split (of each column if an example is a row of
    values, otherwise of all values). `standardize`: each feature to mean 0 and variance 1 over the training split.
    """

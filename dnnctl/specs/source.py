"""Where the examples come from."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.field import CHOICE, Kind
from dnnctl.specs.table import Arrow, Csv, Parquet


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


Source: TypeAlias = Annotated[BuiltIn | Npz | Csv | Parquet | Arrow, *CHOICE]

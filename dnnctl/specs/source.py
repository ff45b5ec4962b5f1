"""Where the examples come from."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from dnnctl.specs.field import BY_FORM, CHOICE, LIST, NUMBER, WORD, Kind, OrNone, Width
from dnnctl.specs.images import Images, Side, Sides
from dnnctl.specs.table import Arrow, Csv, Parquet

ArrayTask: TypeAlias = Literal["auto", "classes", "numbers", "labels"]
FeatureNames: TypeAlias = Annotated[list[str], Field(min_length=1)]
Shape: TypeAlias = Annotated[list[Width], Field(min_length=1, max_length=4)]


class BuiltIn(Kind):
    """A well-known data set. It is downloaded to Keras's cache on first use; the sample comes with dnnctl.

    `california_housing` has eight numbers as inputs, of very different sizes (`scaling: standardize`), and the value of
    houses in dollars as target (`target_scaling: standardize`). The others have images in classes.
    """

    kind: Literal["fashion_mnist_sample", "fashion_mnist", "mnist", "cifar10", "cifar100", "california_housing"]


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
    task: ArrayTask = "auto"
    """What the targets are. `auto`: numbers if they are floating-point, classes otherwise. `labels`: one row of several
    independent answers, each 0 or 1."""


class Npy(Kind):
    """Pairs of NumPy files with one array each. Inputs stay on the disk until they are needed, so that they can be
    larger than the memory. Paths are relative to the spec.
    """

    kind: Literal["npy"]
    train_inputs: str
    """The file of training inputs, with one example per row."""
    train_targets: str
    """The file of training targets."""
    validation_inputs: str = "none"
    """The file of validation inputs. With `none`, there is no such split, and `data.validation` can make one."""
    validation_targets: str = "none"
    """The file of validation targets."""
    test_inputs: str = "none"
    """The file of test inputs. With `none`, there is no test split."""
    test_targets: str = "none"
    """The file of test targets."""
    task: ArrayTask = "auto"
    """What the targets are, as in `npz`."""


class JsonLines(Kind):
    """A text file with a JSON object in each line, one line for each example. Only an index of the lines is kept in
    memory.
    """

    kind: Literal["jsonl"]
    path: str
    """The file of training examples, relative to the spec."""
    inputs: str = "inputs"
    """The key of the inputs: a list of numbers, or nested lists, with the same shape in every line."""
    target: str = "target"
    """The key of the target: text, a number, a boolean, or a list of numbers."""
    validation_path: str = "none"
    """The file of validation examples. With `none`, there is no such split, and `data.validation` can make one."""
    test_path: str = "none"
    """The file of test examples. With `none`, there is no test split."""
    task: ArrayTask = "auto"
    """What the targets are, as in `npz`."""


class TfRecord(Kind):
    """TFRecord files of `tf.train.Example`, not compressed. Only an index of the records is kept in memory.

    The inputs are numbers, encoded images (PNG, JPEG, and others that `images` reads), or bytes, one for each value.
    """

    kind: Literal["tfrecord"]
    path: str
    """The file of training examples, or a pattern for several files, such as `train-*.tfrecord`; relative to the
    spec."""
    inputs: Annotated[Annotated[str, WORD] | Annotated[FeatureNames, LIST], BY_FORM] = "inputs"
    """The feature that contains the inputs, or a list of features with numbers, which are joined to a row."""
    target: str = "target"
    """The feature that contains the target: text, a whole number, or numbers."""
    shape: Annotated[Annotated[Shape, LIST] | OrNone, BY_FORM] = "none"
    """The shape of an example, such as [28, 28] or [32, 32, 3]. `none`: numbers are a row, and bytes are an encoded
    image."""
    size: Annotated[Annotated[Side, NUMBER] | Annotated[Sides, LIST] | OrNone, BY_FORM] = "none"
    """The height and width of encoded images in pixels. `none`: all must have the same size."""
    resize: Literal["stretch", "crop", "pad"] = "stretch"
    """How an image with another aspect ratio gets this size, as in `images`."""
    color: Literal["auto", "rgb", "grey"] = "auto"
    """The channels of encoded images, as in `images`."""
    validation_path: str = "none"
    """The file or the pattern of validation examples. With `none`, there is no such split, and `data.validation` can
    make one."""
    test_path: str = "none"
    """The file or the pattern of test examples. With `none`, there is no test split."""
    task: ArrayTask = "auto"
    """What the targets are, as in `npz`."""


Source: TypeAlias = Annotated[BuiltIn | Npz | Npy | Images | JsonLines | TfRecord | Csv | Parquet | Arrow, *CHOICE]

FILE_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "npy": tuple(f"{split}_{role}" for split in ("train", "validation", "test") for role in ("inputs", "targets")),
    "jsonl": ("path", "validation_path", "test_path"),
    "tfrecord": ("path", "validation_path", "test_path"),
}
"""The keys of a kind of source that name files; `path` for other kinds."""


def may_have_validation(source: Source) -> bool:
    """Whether a source has a validation split of its own, as far as its keys show. A folder of images can have one."""
    return (
        isinstance(source, Images)
        or (isinstance(source, Npy) and source.validation_inputs != "none")
        or (isinstance(source, JsonLines | TfRecord) and source.validation_path != "none")
    )

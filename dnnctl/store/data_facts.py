"""What is known about a data set before training: sizes, classes, columns, and the score of a trivial prediction."""

from __future__ import annotations

from dataclasses import dataclass, field

from dnnctl.store.column_summary import ColumnSummary
from dnnctl.store.facts import Metrics


@dataclass(frozen=True)
class ClassFacts:
    """The number of examples of a class in each split."""

    name: str
    train: int
    validation: int
    test: int


@dataclass(frozen=True)
class DataDescription:
    """A data set as a spec selects and splits it."""

    n_train: int
    n_validation: int
    n_test: int
    input_shape: tuple[int, ...]
    """The shape of an example, without the batch."""
    input_type: str
    """`uint8` or `float32`."""
    task: str
    """`classes`, `labels` (each is 0 or 1, several can be 1), or `numbers`."""
    n_outputs: int
    """The number of classes, of labels, or of numbers to predict."""
    is_built_in: bool = False
    classes: tuple[ClassFacts, ...] = ()
    columns: tuple[ColumnSummary, ...] = ()
    baseline: dict[str, Metrics] = field(default_factory=dict)
    """By split: the metrics of always predicting the most frequent class, or the mean, of the training split."""

"""What is worth knowing about a data set before training."""

from __future__ import annotations

import numpy as np

from dnnctl.data.baseline import baselines, trivial_prediction
from dnnctl.data.dataset import Dataset, Part
from dnnctl.store.data_facts import ClassFacts, DataDescription
from dnnctl.store.facts import TargetFacts


def describe(dataset: Dataset, *, is_built_in: bool) -> DataDescription:
    """The sizes, the classes and the columns of a data set, and the score of a trivial prediction."""
    return DataDescription(
        n_train=len(dataset.train),
        n_validation=_size(dataset.validation),
        n_test=_size(dataset.test),
        input_shape=tuple(dataset.train.inputs.shape[1:]),
        input_type=dataset.train.inputs.dtype.name,
        task=dataset.task,
        n_outputs=dataset.n_outputs,
        is_built_in=is_built_in,
        classes=_classes(dataset),
        columns=dataset.columns,
        baseline=baselines(dataset),
    )


def describe_target(dataset: Dataset) -> TargetFacts:
    """What is predicted, and the trivial prediction."""
    trivial = trivial_prediction(dataset.train.targets, dataset.task)
    return TargetFacts(dataset.task, tuple(dataset.class_names), tuple(trivial.tolist()))


def input_range(dataset: Dataset) -> tuple[float, ...]:
    """The smallest and the largest training input; empty for tables, for pixels, and for inputs that stay on disk."""
    inputs = dataset.train.inputs
    if dataset.encoding is not None or inputs.dtype == np.uint8 or not isinstance(inputs, np.ndarray):
        return ()
    return float(inputs.min()), float(inputs.max())


def _size(part: Part | None) -> int:
    return 0 if part is None else len(part)


def _classes(dataset: Dataset) -> tuple[ClassFacts, ...]:
    """The classes with their counts; empty if the targets are numbers."""
    if dataset.task != "classes":
        return ()
    splits = (dataset.train, dataset.validation, dataset.test)
    n = len(dataset.class_names)
    counts = [[0] * n if part is None else np.bincount(part.targets, minlength=n).tolist() for part in splits]
    return tuple(ClassFacts(*facts) for facts in zip(dataset.class_names, *counts, strict=True))

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
    names = tuple(dataset.class_names)
    return TargetFacts(dataset.task, names, tuple(trivial.tolist()), _counts(dataset))


def input_range(dataset: Dataset) -> tuple[float, ...]:
    """The smallest and the largest training input; empty for tables, for pixels, and for inputs that stay on disk."""
    inputs = dataset.train.inputs
    if dataset.encoding is not None or inputs.dtype == np.uint8 or not isinstance(inputs, np.ndarray):
        return ()
    return float(inputs.min()), float(inputs.max())


def _size(part: Part | None) -> int:
    return 0 if part is None else len(part)


def _counts(dataset: Dataset) -> dict[str, tuple[int, ...]]:
    """By split, the number of examples of each class, or with each label; empty for numbers."""
    if dataset.task == "numbers":
        return {}
    n = len(dataset.class_names)
    splits = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    found = {}
    for name, part in splits.items():
        if part is not None:
            is_class = dataset.task == "classes"
            counts = np.bincount(part.targets, minlength=n) if is_class else part.targets.sum(axis=0, dtype=np.float64)
            found[name] = tuple(int(count) for count in counts)
    return found


def _classes(dataset: Dataset) -> tuple[ClassFacts, ...]:
    """The classes with their counts; empty if each example has several targets."""
    if dataset.task != "classes":
        return ()
    names, counts = dataset.class_names, _counts(dataset)
    splits = (counts.get(split, (0,) * len(names)) for split in ("train", "validation", "test"))
    return tuple(ClassFacts(*facts) for facts in zip(names, *splits, strict=True))

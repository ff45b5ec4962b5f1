"""From the `data` section to a data set: load, keep classes, split, limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import numpy as np

from dnnctl.data.cache import Progress
from dnnctl.data.cifar import load_cifar10, load_cifar100
from dnnctl.data.coverage import check_several, check_split
from dnnctl.data.dataset import Dataset, Part, RawData, update_digest
from dnnctl.data.fashion_mnist import load_fashion_mnist, load_sample
from dnnctl.data.mnist import load_mnist
from dnnctl.data.npz import load_npz
from dnnctl.data.split import split_rows
from dnnctl.errors import DataError
from dnnctl.specs.data import BuiltIn, Data

BUILT_IN: dict[str, Callable[[Progress], RawData]] = {
    "fashion_mnist_sample": load_sample,
    "fashion_mnist": load_fashion_mnist,
    "mnist": load_mnist,
    "cifar10": load_cifar10,
    "cifar100": load_cifar100,
}

LIMIT_FIX = "`data.limit` takes the first examples: use a larger limit, or shuffle the file."


def no_progress(_name: str, _done: int, _total: int) -> None:
    """Do not show the progress of a download."""


def load_data(data: Data, *, seed: int, with_unlabelled: bool = False, progress: Progress = no_progress) -> Dataset:
    """The examples that a spec selects.

    Args:
        with_unlabelled: whether to keep the inputs beyond `limit`, too.

    Raises:
        DataError: they are missing or damaged, or do not fit the spec.
    """
    source = data.source
    raw = BUILT_IN[source.kind](progress) if isinstance(source, BuiltIn) else load_npz(source)
    digest = raw.digest()
    if data.classes != "all":
        raw = keep_classes(raw, data.classes)
    train_rows, validation_rows = np.arange(len(raw.train)), np.arange(0)
    if data.validation != "none":
        train_rows, validation_rows = split_rows(data.validation, raw.train, raw.task, seed=seed)
    unlabelled_rows = train_rows
    if data.limit != "none":
        train_rows = train_rows[: data.limit]
    if raw.task == "classes":
        labels = raw.train.targets
        if len(validation_rows):
            check_split(labels[unlabelled_rows], labels[validation_rows], raw.class_names)
        check_several(labels[train_rows], labels[unlabelled_rows], raw.class_names, "training", LIMIT_FIX)
    state = sha256()
    for rows in (train_rows, validation_rows):
        update_digest(state, rows.astype("<i8"))
    return Dataset(
        train=raw.train.take(_as_slice(train_rows)),
        validation=raw.train.take(validation_rows) if len(validation_rows) else None,
        test=raw.test,
        unlabelled=raw.train.inputs[_as_slice(unlabelled_rows)] if with_unlabelled else None,
        task=raw.task,
        class_names=raw.class_names,
        digest=digest,
        split_digest=state.hexdigest(),
    )


def keep_classes(raw: RawData, classes: list[int | str]) -> RawData:
    """Only the examples of some classes, relabelled 0, 1, … in the given order.

    Raises:
        DataError: the targets are not classes, or a named class does not exist or is a duplicate.
    """
    if raw.task != "classes":
        raise DataError("data.classes: the targets are numbers, so there are no classes to select.")
    numbers = [_class_number(entry, raw.class_names) for entry in classes]
    if len(set(numbers)) != len(numbers):
        raise DataError(f"data.classes: a class appears twice in {classes}.")
    relabelled = np.full(len(raw.class_names), -1, np.int32)
    relabelled[numbers] = np.arange(len(numbers))

    def keep(part: Part) -> Part:
        labels = relabelled[part.targets]
        return Part(part.inputs[labels >= 0], labels[labels >= 0])

    names = tuple(raw.class_names[number] for number in numbers)
    return replace(raw, train=keep(raw.train), test=keep(raw.test) if raw.test else None, class_names=names)


def _class_number(entry: int | str, names: tuple[str, ...]) -> int:
    """The number of a class given by its name, or by its number if the names are words."""
    if str(entry) in names:
        return names.index(str(entry))
    are_words = not all(name.lstrip("-").isdecimal() for name in names)
    if are_words and isinstance(entry, int) and 0 <= entry < len(names):
        return entry
    listed = ", ".join(f"{number} {name}" for number, name in enumerate(names[:20]))
    raise DataError(f"data.classes: there is no class {entry!r}. Allowed: {listed}{', …' if len(names) > 20 else ''}.")


def _as_slice(rows: np.ndarray) -> np.ndarray | slice:
    """Consecutive rows as a slice, which copies nothing: the training split is large."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows

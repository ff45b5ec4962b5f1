"""From the `data` section to a data set: load, keep classes, split, limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.cache import Progress
from dnnctl.data.class_weights import class_weights
from dnnctl.data.classes import DROPPED, new_numbers, relabel
from dnnctl.data.coverage import absent_classes, check_several, check_split
from dnnctl.data.dataset import Dataset, Part, RawData, Rows, RowSource, as_slice, update_digest
from dnnctl.data.files import file_size
from dnnctl.data.lazy import lazy_part, n_bytes
from dnnctl.data.overlap import overlap_warning
from dnnctl.data.source import load_source, no_progress
from dnnctl.data.split import draw_rows, split_rows
from dnnctl.errors import DataError
from dnnctl.specs.data import Data
from dnnctl.specs.source import BuiltIn
from dnnctl.specs.table import Table

NO_ROWS: Rows = np.arange(0)
GROWTH = 8
"""About how many times larger than its file a table is in memory while it is read."""
LIMIT_FIX = "Use a larger `data.limit`, or shuffle the file."


@dataclass(frozen=True)
class Split:
    """Rows of the training split of the source."""

    train: Rows
    """What training uses."""
    validation: Rows
    unlabelled: Rows
    """The training rows before `limit`."""

    def digest(self) -> str:
        """The identity of the training and validation rows."""
        state = sha256()
        for rows in (self.train, self.validation):
            update_digest(state, rows.astype("<i8"))
        return state.hexdigest()


def load_data(
    data: Data,
    *,
    seed: int,
    with_unlabelled: bool = False,
    memory: int | None = None,
    progress: Progress = no_progress,
) -> Dataset:
    """The examples that a spec selects.

    Args:
        with_unlabelled: whether to keep the inputs beyond `limit`, too.
        memory: the bytes that inputs may take with `in_memory: auto`; larger inputs are lazy. None means any number.

    Raises:
        DataError: they are missing or damaged, or do not fit the spec.
    """
    raw = load_source(data.source, progress, on_disk=_is_large_table(data, memory))
    digest = raw.digest()
    raw, split = _split(data, raw, seed=seed)
    _check_classes(data, raw, split)
    if raw.fit is not None:
        raw = raw.fit(split.train, data.scaling)
    needed_rows = split.unlabelled if with_unlabelled else split.train
    is_lazy = _is_lazy(data, raw, np.union1d(needed_rows, split.validation), memory)
    if is_lazy and with_unlabelled:
        raise DataError(
            "training.pretraining needs all inputs in memory, but they would be read in chunks. Write "
            "`data.in_memory: true`, or a larger `runtime.memory`."
        )
    take = lazy_part if is_lazy else _take
    train, test = take(raw.train, split.train), _whole(raw.test, take)
    validation = take(raw.train, split.validation) if len(split.validation) else _whole(raw.validation, take)
    warnings = () if isinstance(data.source, BuiltIn) else _warnings(raw, train, validation, test, is_lazy=is_lazy)
    return Dataset(
        train=train,
        validation=validation,
        test=test,
        unlabelled=_take(raw.train, split.unlabelled).inputs if with_unlabelled else None,
        task=raw.task,
        class_names=raw.class_names,
        digest=digest,
        split_digest=split.digest(),
        encoding=raw.encoding,
        columns=raw.columns,
        class_weights=class_weights(data, raw, train.targets),
        source_rows={"train": raw.numbers_of(split.train), "unlabelled": raw.numbers_of(split.unlabelled)},
        files=raw.files,
        warnings=(*raw.warnings, *warnings),
    )


def _warnings(
    raw: RawData, train: Part, validation: Part | None, test: Part | None, *, is_lazy: bool
) -> tuple[str, ...]:
    """What the user should know about the splits of own data. Lazy inputs are not read to compare them."""
    found = overlap_warning(train, test) if test is not None and not is_lazy else ()
    if raw.task != "classes":
        return found
    splits = {"validation": validation, "test": test}
    named = {role: part.targets for role, part in splits.items() if part is not None}
    return (*found, *absent_classes(train.targets, named, raw.class_names))


def _split(data: Data, raw: RawData, *, seed: int) -> tuple[RawData, Split]:
    """The data with the classes that are kept, and which rows are used for what."""
    is_split_first = data.validation != "none" and data.validation.before_classes
    numbers = None if data.classes == "all" else new_numbers(raw, data.classes)
    if numbers is not None and not is_split_first:
        raw = _keep_classes(raw, numbers, drop=True)
    train, validation = np.arange(len(raw.train)), NO_ROWS
    if data.validation != "none":
        if raw.validation is not None:
            raise DataError("data.validation: the source has a validation split of its own. Remove this section.")
        train, validation = split_rows(data.validation, raw, seed=seed, is_built_in=isinstance(data.source, BuiltIn))
    if numbers is not None and is_split_first:
        raw = _keep_classes(raw, numbers, drop=False)
        train, validation = (rows[raw.train.targets[rows] != DROPPED] for rows in (train, validation))
    if data.limit == "none" or data.limit >= len(train):
        return raw, Split(train, validation, train)
    drawn = draw_rows(data, raw, train, data.limit, seed=seed)
    return raw, Split(drawn, validation, train)


def _keep_classes(raw: RawData, numbers: NDArray[np.int32], *, drop: bool) -> RawData:
    """Only the examples of some classes, relabelled. `drop` says whether training rows are dropped or marked."""
    train, fit = relabel(raw.train, numbers, drop=drop), raw.fit
    names = [raw.class_names[old] for old in np.argsort(numbers, kind="stable") if numbers[old] != DROPPED]
    return replace(
        raw,
        train=train,
        test=None if raw.test is None else relabel(raw.test, numbers, drop=True),
        validation=None if raw.validation is None else relabel(raw.validation, numbers, drop=True),
        class_names=tuple(names),
        groups=None if raw.groups is None else raw.groups[train.rows],
        dates=None if raw.dates is None else raw.dates[train.rows],
        row_numbers=raw.numbers_of(train.rows),
        fit=None
        if fit is None
        else lambda rows, scaling: _keep_classes(fit(train.rows[rows], scaling), numbers, drop=drop),
    )


def _check_classes(data: Data, raw: RawData, split: Split) -> None:
    """Reject splits that were drawn badly. A validation split of the source is what the user made of it."""
    if raw.task != "classes" or (data.validation != "none" and data.validation.allow):
        return
    labels, names = raw.train.targets, raw.class_names
    if len(split.validation):
        check_split(labels[split.unlabelled], labels[split.validation], names)
    check_several(labels[split.train], labels[split.unlabelled], names, "training", LIMIT_FIX)


def _is_large_table(data: Data, memory: int | None) -> bool:
    """Whether the rows of a table are kept on the disk while it is read and encoded."""
    if not isinstance(data.source, Table):
        return False
    if data.in_memory != "auto":
        return not data.in_memory
    return memory is not None and GROWTH * file_size(data.source.path) > memory


def _is_lazy(data: Data, raw: RawData, rows: Rows, memory: int | None) -> bool:
    """Whether inputs stay where they are until they are needed. `rows` are those of the training split in use."""
    if data.in_memory != "auto":
        return not data.in_memory
    others = [source for source in (raw.validation, raw.test) if source is not None]
    needed = n_bytes(raw.train, len(rows)) + sum(n_bytes(source, len(source)) for source in others)
    return memory is not None and needed > memory


def _take(source: RowSource, rows: Rows) -> Part:
    return source.take(as_slice(rows))


def _whole(source: RowSource | None, take: Callable[[RowSource, Rows], Part]) -> Part | None:
    return None if source is None else take(source, np.arange(len(source)))

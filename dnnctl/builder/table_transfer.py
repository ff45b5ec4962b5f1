"""Reuse of a network that was trained on a table: its weights need rows that are encoded as they were for it.

Shapes: N is the number of probes, F the width of an encoded row.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from dnnctl.builder.front import build_front, core_of, front_of, has_front
from dnnctl.builder.scaling import SCALING
from dnnctl.errors import Fault, SpecError
from dnnctl.store.encoding import MISSING, ColumnEncoding, TableEncoding

WHERE = "model.reuse.run"
HINT = "Reuse a network that was trained on the same columns, or name only later layers in `model.reuse.layers`."
TINY = 1e-6
"""Scales and offsets closer than this to 1 and 0 are float32's rounding."""
Rows = NDArray[np.float64]


def rescaling_between(encoding: TableEncoding, source: keras.Model) -> list[keras.layers.Layer]:
    """A layer that turns rows of this encoding into rows of the pretrained network's; none if they are equal.

    value' = value · scale + offset, for each number; both follow from the encoded values of two probes.

    Raises:
        SpecError: the pretrained network has other columns, another order of columns, other categories, or missing
            values in other columns.
    """
    _check_columns(encoding, source)
    ours, theirs = _encode(build_front(encoding), encoding), _encode_for_core(source, encoding)
    if ours.shape != theirs.shape:
        raise SpecError([Fault("the pretrained network has other categories or indicators", WHERE, hint=HINT)])
    scale, offset = np.ones(encoding.width), np.zeros(encoding.width)
    place = 0
    for column in encoding.columns:
        if column.kind == "category":
            _check_category(column, ours, theirs, slice(place, place + column.width))
        else:  # the first probe has the mean, the second the mean and one deviation
            _check_indicator(column, ours, theirs, slice(place + 1, place + column.width))
            scale[place] = theirs[1, place] - theirs[0, place]
            offset[place] = theirs[0, place]
        place += column.width
    if np.allclose(scale, 1.0, rtol=0, atol=TINY) and np.allclose(offset, 0.0, rtol=0, atol=TINY):
        return []
    return [keras.layers.Rescaling(scale.tolist(), offset=offset.tolist(), dtype="float32", name=SCALING)]


def _check_columns(encoding: TableEncoding, source: keras.Model) -> None:
    if not has_front(source):
        raise SpecError([Fault("the pretrained network was not trained on a table", WHERE, hint=HINT)])
    ours = {column.name: "text" if column.kind == "category" else "numbers" for column in encoding.columns}
    theirs = {name: "text" if given.dtype == "string" else "numbers" for name, given in source.input.items()}
    for name in [*ours, *theirs]:
        if ours.get(name) != theirs.get(name):
            had, has = theirs.get(name, "no such column"), ours.get(name, "no such column")
            rule = f"the column '{name}' differs: the pretrained network has {had}, these data have {has}"
            raise SpecError([Fault(rule, WHERE, hint=HINT)])
    if list(ours) != list(theirs):
        rule = f"the pretrained network has the columns in another order: {', '.join(theirs)}"
        hint = "Put the columns of your file into that order, or name only later layers in `model.reuse.layers`."
        raise SpecError([Fault(rule, WHERE, hint=hint)])


def _check_indicator(column: ColumnEncoding, ours: Rows, theirs: Rows, places: slice) -> None:
    if not np.array_equal(ours[:, places], theirs[:, places]):
        rule = f"only these data have missing values in the column '{column.name}', not those of the pretrained network"
        raise SpecError([Fault(rule, WHERE, hint=HINT)])


def _check_category(column: ColumnEncoding, ours: Rows, theirs: Rows, places: slice) -> None:
    if not np.array_equal(ours[:, places], theirs[:, places]):
        rule = f"the pretrained network has other categories in the column '{column.name}'"
        raise SpecError([Fault(rule, WHERE, hint=HINT)])


def _encode_for_core(source: keras.Model, encoding: TableEncoding) -> Rows:
    """The probes as the first layer with weights of the pretrained network gets them, (N, F)."""
    rows = _encode(front_of(source), encoding)
    rescaling = [layer for layer in core_of(source).layers if layer.name == SCALING]
    return np.asarray(rescaling[0](rows), np.float64) if rescaling else rows


def _encode(front: keras.Model, encoding: TableEncoding) -> Rows:
    return np.asarray(front(_probes(encoding)), np.float64)


def _probes(encoding: TableEncoding) -> dict[str, Any]:
    """Raw columns (N,): each category, and an unknown one; of a number, the mean, one deviation more, and no value."""
    known = [list(column.categories) for column in encoding.columns]
    n = max(3, *(len(each) + 2 for each in known))
    probes: dict[str, Any] = {}
    for column, categories in zip(encoding.columns, known, strict=True):
        if column.kind == "category":
            unknown = next(text for length in count(1) if (text := "?" * length) not in column.categories)
            probes[column.name] = np.array([*categories, unknown, *[MISSING] * (n - len(categories) - 1)], object)
        else:
            probes[column.name] = np.full(n, column.mean)
            probes[column.name][1:] += column.deviation
            probes[column.name][-1] = np.nan
    return probes

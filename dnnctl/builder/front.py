"""The front of a table's model: layers that turn raw columns into encoded rows.

The saved model is the front followed by the core, the network that was trained on encoded rows. The front is made of
Keras's own layers and operations, so that the model loads without dnnctl. It has no weights.

Shapes: B is the batch, F the width of an encoded row.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import keras
import numpy as np
from keras import ops

from dnnctl.builder.model import MODEL
from dnnctl.builder.target_scaling import TARGET_SCALING
from dnnctl.store.encoding import ColumnEncoding, TableEncoding

ENCODED = "encoded"
"""The name of the front's last layer."""
NUMBERS = "numbers"
RESERVED = (MODEL, ENCODED, NUMBERS, "joined")
OPERATION = re.compile(r"(cast|divide|get_item|isnan|subtract|take|where|zeros_like)(_[0-9]+)?")
"""The names that Keras gives to the operations of the front. No two parts of a model may have the same name."""
Column = ColumnEncoding


def build_front(encoding: TableEncoding) -> keras.Model:
    """A model from a dict of raw columns to encoded rows (B, F) float32, equal to those that training gets.

    The keys of the dict are the names of the columns. Numbers, booleans (0 or 1) and dates (days since 1970-01-01) are
    float64, (B,) or (B, 1), with NaN for a missing value. Categories are text, with "" for a missing value.
    """
    inputs = _inputs(encoding.columns)
    starts = dict(zip(inputs, accumulate((c.width for c in encoding.columns), initial=0), strict=False))
    numbers = [column for column in encoding.columns if column.kind != "category"]
    pieces, positions = _encode_numbers(numbers, inputs, starts) if numbers else ([], [])
    for number, column in enumerate(encoding.columns, 1):
        if column.kind == "category":
            pieces.append(_encode_category(column, inputs[column.name], f"category_{number}"))
            positions += range(starts[column.name], starts[column.name] + column.width)
    joined = keras.layers.Concatenate(dtype="float32", name="joined")(pieces) if len(pieces) > 1 else pieces[0]
    ordered = ops.take(joined, np.argsort(positions), axis=1)
    return _quietly(inputs, keras.layers.Identity(dtype="float32", name=ENCODED)(ordered), "front")


def with_front(front: keras.Model, core: keras.Model, name: str) -> keras.Model:
    """A model from raw columns to the predictions of a core."""
    return _quietly(front.input, core(front.output), name)


def core_of(model: keras.Model) -> keras.Model:
    """The network that was trained: the model without the front, if it has one."""
    return model.get_layer(MODEL) if has_front(model) else model


def front_of(model: keras.Model) -> keras.Model:
    """The front of a table's model."""
    return _quietly(model.input, model.get_layer(ENCODED).output, "front")


def has_front(model: keras.Model) -> bool:
    """Whether a model takes the raw columns of a table."""
    return {MODEL, ENCODED} <= {layer.name for layer in model.layers} and isinstance(model.input, dict)


def copy_weights(saved: keras.Model, model: keras.Model) -> None:
    """Copy the weights of a saved model into the network that is trained, by the names of layers.

    Raises:
        ValueError: the layers or the shapes of their weights differ.
    """
    givers = {layer.name: layer for layer in core_of(saved).layers if layer.weights}
    takers = {layer.name: layer for layer in model.layers if layer.weights}
    if givers.keys() != takers.keys() or _scales_targets(core_of(saved)) != _scales_targets(model):
        raise ValueError("the layers differ")
    for name, layer in takers.items():
        layer.set_weights(givers[name].get_weights())


def _scales_targets(model: keras.Model) -> bool:
    """Whether the last layers invert the scaling of the targets; they have no weights."""
    return any(layer.name == TARGET_SCALING for layer in model.layers)


@contextmanager
def any_column_name() -> Iterator[None]:
    """Silence Keras's warning that a column and its input layer have different names: the key of the dict counts."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "When providing `inputs` as a dict")
        yield


def input_names(columns: Sequence[str]) -> list[str]:
    """The names of the input layers: those of the columns, as far as Keras allows them."""
    taken = set(RESERVED) | {f"category_{number}" for number in range(1, len(columns) + 1)}
    names = []
    for number, column in enumerate(columns, 1):
        is_allowed = column not in ("", *taken) and "/" not in column and not OPERATION.fullmatch(column)
        names.append(column if is_allowed else f"column_{number}")
        while names[-1] in taken or (not is_allowed and names[-1] in columns):
            names[-1] += "_"
        taken.add(names[-1])
    return names


def _inputs(columns: Sequence[Column]) -> dict[str, Any]:
    """For each column its input, (B, 1)."""
    names = input_names([column.name for column in columns])
    return {
        column.name: keras.Input((1,), dtype="string" if column.kind == "category" else "float64", name=name)
        for column, name in zip(columns, names, strict=True)
    }


def _encode_numbers(
    columns: Sequence[Column], inputs: Mapping[str, Any], starts: Mapping[str, int]
) -> tuple[list[Any], list[int]]:
    """The standardized values (B, n) and the indicators (B, m) of n columns, and the positions of these in a row.

    value = ((x or fill) - mean) / deviation, in float64.
    """
    raw = keras.layers.Concatenate(dtype="float64", name=NUMBERS)([inputs[column.name] for column in columns])
    is_missing = ops.isnan(raw)
    fill, mean, deviation = np.array([(c.fill, c.mean, c.deviation) for c in columns], np.float64).T
    value = ops.divide(ops.subtract(ops.where(is_missing, fill, raw), mean), deviation)
    pieces, positions = [ops.cast(value, "float32")], [starts[column.name] for column in columns]
    marked = [place for place, column in enumerate(columns) if column.has_indicator]
    if marked:
        pieces.append(ops.cast(ops.take(is_missing, np.array(marked), axis=1), "float32"))
        positions += [starts[columns[place].name] + 1 for place in marked]
    return pieces, positions


def _encode_category(column: Column, text: Any, name: str) -> Any:
    """The slot of a category, (B, 1), or its slots from 1 as one-hot, (B, n_slots - 1); float32."""
    if not column.categories:  # Keras has no lookup without entries
        known = keras.layers.StringLookup(vocabulary=["-"], mask_token=None, name=name)(text)
        empty = ops.zeros_like(ops.cast(known, "float32"))
        return empty if column.is_embedded else empty[:, :0]
    unknown = "[UNK]"
    while unknown in column.categories:
        unknown = f"[{unknown}]"
    lookup = keras.layers.StringLookup(
        vocabulary=list(column.categories),
        num_oov_indices=1,
        mask_token=None,
        oov_token=unknown,
        output_mode="int" if column.is_embedded else "one_hot",
        dtype="int64" if column.is_embedded else "float32",
        name=name,
    )
    slots = ops.cast(lookup(text), "float32")
    return slots if column.is_embedded else slots[:, 1:]


def _quietly(inputs: Any, outputs: Any, name: str) -> keras.Model:
    with any_column_name():
        return keras.Model(inputs, outputs, name=name)

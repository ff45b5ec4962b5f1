"""The first layers of a network for a table: each category with many values gets a learned embedding.

Shapes: B is the batch, F the width of an encoded row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from dnnctl.builder.names import Names
from dnnctl.store.encoding import UNKNOWN, TableEncoding

MAX_WIDTH = 50


def embedding_width(n_slots: int) -> int:
    """The number of values of an embedding: min(50, round(1.6 · n^0.56)).

    3 values for 3 slots, 6 for 10, 21 for 100, 50 from 459 on.

    Source: Howard, fastai (2018), a rule of thumb.
    """
    return min(MAX_WIDTH, round(1.6 * n_slots**0.56))


def embed(encoding: TableEncoding, rows: Any, names: Names) -> tuple[Any, list[keras.layers.Embedding]]:
    """The rows (B, F) with the slot of each embedded category replaced by its embedding, and the embedding layers.

    The embeddings come after the other values.
    """
    others: list[int] = []
    slots: list[tuple[str, int, int]] = []
    start = 0
    for column in encoding.columns:
        if column.is_embedded:
            slots.append((column.name, start, column.n_slots))
        else:
            others += range(start, start + column.width)
        start += column.width
    if not slots:
        return rows, []
    layers = [
        _embedding(name, n_slots, names)
        for name, (_, _, n_slots) in zip(embedding_names([each[0] for each in slots]), slots, strict=True)
    ]
    pieces = [ops.take(rows, np.array(others), axis=1)] if others else []
    for layer, (_, place, _) in zip(layers, slots, strict=True):
        pieces.append(layer(ops.cast(ops.take(rows, place, axis=1), "int32")))  # (B,) → (B, width)
        forget_unknown(layer)
    return keras.layers.Concatenate(name="columns")(pieces) if len(pieces) > 1 else pieces[0], layers


def forget_unknown(layer: keras.layers.Embedding) -> None:
    """Make the embedding of unknown categories zero. It is never trained, because the training split has none."""
    values = layer.embeddings.numpy()
    values[UNKNOWN] = 0
    layer.embeddings.assign(values)


def embedding_names(columns: Sequence[str]) -> list[str]:
    """The names of the embedding layers: that of the column, with `_` for what a name cannot have."""
    names: list[str] = []
    for column in columns:
        base = name = f"embedding_{re.sub(r'[^A-Za-z0-9_.-]', '_', column)}"
        number = 1
        while name in names:
            number += 1
            name = f"{base}_{number}"
        names.append(name)
    return names


def _embedding(name: str, n_slots: int, names: Names) -> keras.layers.Embedding:
    seed = names.seed_of(f"{name}/embeddings")
    initializer = keras.initializers.RandomUniform(seed=seed)
    return keras.layers.Embedding(n_slots, embedding_width(n_slots), embeddings_initializer=initializer, name=name)

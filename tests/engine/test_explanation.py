"""Gradient × input by column: of a linear network by hand, of others by finite differences."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from dnnctl.builder.embedding import embed
from dnnctl.builder.names import Names
from dnnctl.engine.explanation import make_explainer
from dnnctl.store.encoding import ColumnEncoding, TableEncoding

NUMBER = ColumnEncoding("size", "number", has_indicator=True)
COLOR = ColumnEncoding("color", "category", categories=("red", "green"))
ZIP = ColumnEncoding("zip", "category", categories=tuple("abcdefgh"), is_embedded=True)
OWNER = ColumnEncoding("owner", "category", categories=tuple("xyz"), is_embedded=True)
ENCODINGS = [(NUMBER, COLOR), (ZIP, NUMBER, OWNER, COLOR), (ZIP,), (ZIP, OWNER), (COLOR, ZIP)]
HEADS = [("softmax", 3, "classes"), ("sigmoid", 1, "classes"), ("sigmoid", 2, "labels"), ("linear", 2, "numbers")]
STEP = 0.02


def build(encoding: TableEncoding, activation: str, units: int) -> keras.Model:
    rows = keras.Input((encoding.width,), name="inputs")
    values, _ = embed(encoding, rows, Names(3))
    hidden = keras.layers.Dense(8, activation="tanh", name="dense_1")(values)
    outputs = keras.layers.Dense(units, activation=activation, name="output")(hidden)
    return keras.Model(rows, keras.layers.Rescaling(10.0)(outputs) if activation == "linear" else outputs)


def draw_rows(encoding: TableEncoding, n: int = 20) -> Any:
    """(N, F) encoded rows, with unknown categories."""
    draw = np.random.default_rng(0)
    parts = []
    for column in encoding.columns:
        if column.is_embedded:
            parts.append(draw.integers(0, column.n_slots, (n, 1)))
        elif column.kind == "category":
            parts.append(np.eye(column.n_slots)[draw.integers(0, column.n_slots, n)][:, 1:])
        else:
            parts.append(draw.normal(size=(n, column.width)))
    return np.hstack(parts).astype(np.float32)


def explained(model: keras.Model, rows: Any, classes: Any, task: str) -> Any:
    """(N, T) what is explained, from the model's answers."""
    answers = np.asarray(model(rows), np.float64)
    if task == "numbers":
        return answers
    odds = np.log(answers / (1 - answers))
    if task == "labels":
        return odds
    if odds.shape[1] > 1:
        return odds[range(20), classes][:, None]
    return np.where(classes == 1, odds[:, 0], -odds[:, 0])[:, None]


@pytest.mark.parametrize(
    ("columns", "activation", "units", "task"),
    [(columns, *HEADS[place % len(HEADS)]) for place, columns in enumerate(ENCODINGS)],
)
def test_an_effect_is_the_derivative_with_respect_to_the_size_of_a_column(
    columns: tuple[ColumnEncoding, ...], activation: str, units: int, task: str
) -> None:
    """A column that is larger by a factor of 1 + h moves the output by h times its effect. Of an embedding, the vectors
    are larger.
    """
    encoding = TableEncoding(columns)
    model, rows = build(encoding, activation, units), draw_rows(encoding)
    classes = np.random.default_rng(1).integers(0, max(2, units), 20) if task == "classes" else None
    found = make_explainer(model, encoding)(rows, classes)
    start = 0
    for place, column in enumerate(columns):
        sides = []
        for factor in (1 + STEP, 1 - STEP):
            changed = rows.copy()
            if column.is_embedded:
                layer = model.get_layer(f"embedding_{column.name}")
                before = layer.embeddings.numpy()
                layer.embeddings.assign(before * factor)
            else:
                changed[:, start : start + column.width] *= factor
            sides.append(explained(model, changed, classes, task))
            if column.is_embedded:
                layer.embeddings.assign(before)
        expected = (sides[0] - sides[1]) / (2 * STEP)
        np.testing.assert_allclose(found[:, :, place], expected, atol=2e-3, rtol=2e-3)
        start += column.width


def test_the_effects_of_a_linear_network_are_weight_times_value() -> None:
    """Bit by bit, for more rows than fit into a batch."""
    encoding = TableEncoding((ColumnEncoding("a", "number"), ColumnEncoding("b", "number")))
    rows = keras.Input((2,))
    model = keras.Model(rows, keras.layers.Dense(1, name="output")(rows))
    kernel = model.get_layer("output").kernel.numpy()
    given = np.random.default_rng(0).normal(size=(10_000, 2)).astype(np.float32)
    np.testing.assert_array_equal(make_explainer(model, encoding)(given, None)[:, 0], given * kernel[:, 0])


def test_the_effect_does_not_vanish_where_the_probability_is_1() -> None:
    """The gradient of a saturated probability is 0, that of its log-odds is not."""
    encoding = TableEncoding((ColumnEncoding("a", "number"), ColumnEncoding("b", "number")))
    rows = keras.Input((2,))
    model = keras.Model(rows, keras.layers.Dense(1, activation="sigmoid", name="output")(rows))
    model.get_layer("output").set_weights([np.array([[50.0], [70.0]]), np.zeros(1)])
    found = make_explainer(model, encoding)(np.ones((2, 2), np.float32), np.array([1, 0]))
    np.testing.assert_array_equal(found[:, 0], [[50, 70], [-50, -70]])

"""The front of a table's model against an encoder in plain Python, here and in a process without dnnctl."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given
from hypothesis import strategies as st

from dnnctl.builder.front import (
    RESERVED,
    any_column_name,
    build_front,
    copy_weights,
    core_of,
    front_of,
    has_front,
    input_names,
    with_front,
)
from dnnctl.builder.target_scaling import TARGET_SCALING
from dnnctl.store.encoding import ColumnEncoding, TableEncoding
from sample_tables import draw_columns, encode, fit_encoding

BATCH = 4096
LOAD_PLAIN = """
import sys
sys.modules["dnnctl"] = None
import warnings
warnings.simplefilter("ignore")
import keras, numpy as np
model = keras.saving.load_model(sys.argv[1], safe_mode=True)
given = np.load(sys.argv[2])
columns = {str(name): given[f"c{i}"] for i, name in enumerate(given["names"])}
columns = {name: each.astype(object) if each.dtype.kind == "U" else each for name, each in columns.items()}
np.savez(sys.argv[3], called=np.asarray(model(columns)), predicted=model.predict(columns, verbose=0))
"""


def with_surprises(columns: dict[str, Any]) -> dict[str, Any]:
    """The columns with values that the encoding has not seen: other categories, and holes where there were none."""
    changed = {name: values.copy() for name, values in columns.items()}
    for name, values in changed.items():
        values[:2] = ["never seen", ""] if values.dtype == object else [np.nan, 1e9]
        assert len(columns[name]) > 2
    return changed


def test_a_front_encodes_as_plain_python_does(tmp_path: Path) -> None:
    """Bit by bit, with missing values and unknown categories, also after loading in safe mode without dnnctl.

    `predict` of Keras first rounds numbers to float32.
    """
    columns = draw_columns(80)
    encoding = fit_encoding(columns, np.arange(50))
    assert {column.kind for column in encoding.columns} == {"number", "boolean", "category"}
    assert {column.is_embedded for column in encoding.columns} == {True, False}
    columns = with_surprises(columns)
    expected = encode(encoding, columns)
    front = build_front(encoding)
    assert np.array_equal(np.asarray(front(columns)), expected)
    assert np.array_equal(np.asarray(front({name: each[:, None] for name, each in columns.items()})), expected)
    assert not front.weights
    front.save(tmp_path / "front.keras")
    texts = {f"c{i}": each.astype(str) if each.dtype == object else each for i, each in enumerate(columns.values())}
    np.savez(tmp_path / "columns.npz", names=np.array(list(columns)), **texts)
    files = [tmp_path / name for name in ("front.keras", "columns.npz", "encoded.npz")]
    subprocess.run([sys.executable, "-c", LOAD_PLAIN, *map(str, files)], capture_output=True, text=True, check=True)
    with np.load(files[-1]) as found:
        assert np.array_equal(found["called"], expected)
        assert found["predicted"] == pytest.approx(expected, rel=1e-5, abs=1e-5)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(st.lists(TEXTS | st.sampled_from([*RESERVED, "column_1", "column_2_", "category_1"]), unique=True, max_size=5))
@example(["", "/", "a/b", "column_1", "column_2"])
@example(["category_2", "model"])
def test_every_column_has_a_name_that_keras_accepts(columns: list[str]) -> None:
    """Unique, and that of the column if Keras accepts it."""
    names = input_names(columns)
    others = {*RESERVED, *(f"category_{number}" for number in range(1, len(columns) + 1))}
    assert len({*names, *others}) == len(names) + len(others)
    for number, (name, column) in enumerate(zip(names, columns, strict=True), 1):
        assert name
        assert "/" not in name
        assert name == column or name.startswith(f"column_{number}")


def test_a_wide_table_is_encoded_in_the_order_of_its_columns() -> None:
    """Each with its indicator, and also in batches of rows. The oracle is the encoder in plain Python."""
    encoding = TableEncoding(
        tuple(ColumnEncoding(f"c{n}", "number", fill=1.0, mean=float(n), has_indicator=n % 3 > 0) for n in range(40))
    )
    draw = np.random.default_rng(3)
    columns = {f"c{n}": np.where(draw.random(BATCH + 1) < 0.2, np.nan, draw.normal(size=BATCH + 1)) for n in range(40)}
    front = build_front(encoding)
    rows = keras.Input((encoding.width,), name="inputs")
    whole = with_front(front, keras.Model(rows, keras.layers.Dense(1)(rows), name="model"), "whole")
    encoded = np.asarray(front_of(whole)(columns))
    assert encoded.shape == (BATCH + 1, encoding.width)
    some = {name: values[-9:] for name, values in columns.items()}
    assert np.array_equal(encoded[-9:], encode(encoding, some))


def test_no_column_has_the_name_of_an_operation() -> None:
    """Keras refuses to build such a model. The names are those of a front with every kind of column."""
    empty = (ColumnEncoding("none", "category"), ColumnEncoding("none2", "category", is_embedded=True))
    encoding = fit_encoding(draw_columns(30), np.arange(30))
    front = build_front(TableEncoding((*encoding.columns, *empty)))
    names = [each.name for each in front.operations if not isinstance(each, keras.layers.InputLayer)]
    assert len(names) > 10
    for name in names:
        assert input_names([*["a"] * 9, name])[-1] != name


@pytest.mark.parametrize(
    "name",
    [
        "cast",
        "take",
        "where_1",
        "",
        "/",
        "a/b",
        "model",
        "encoded",
        "joined",
        "numbers",
        "category_2",
        "é \n",
        "x:0",
        "\\",
    ],
)
def test_a_column_may_have_any_name(name: str, tmp_path: Path) -> None:
    """The key of the dict is the name of the column, also after saving; nothing that Keras warns of is shown."""
    encoding = TableEncoding(
        (ColumnEncoding(name, "number", mean=1.0), ColumnEncoding(f"{name}2", "category", categories=("a",)))
    )
    columns = {name: np.array([3.0, np.nan]), f"{name}2": np.array(["a", "b"], object)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        front = build_front(encoding)
    front.save(tmp_path / "front.keras")
    with any_column_name():
        loaded = keras.saving.load_model(tmp_path / "front.keras")
    assert np.asarray(loaded(columns)).tolist() == [[2.0, 1.0], [-1.0, 0.0]]


@pytest.mark.parametrize("is_embedded", [False, True])
@pytest.mark.parametrize("categories", [(), ("",), ("[UNK]", "[[UNK]]"), ("a\nb", " ", "\t", "日本", "'\"\\")])
def test_every_text_can_be_a_category(categories: tuple[str, ...], is_embedded: bool, tmp_path: Path) -> None:
    """Slot 0 is for everything else, whatever Keras calls it."""
    encoding = TableEncoding((ColumnEncoding("c", "category", categories=categories, is_embedded=is_embedded),))
    columns = {"c": np.array([*categories, "other", "-"], object)}
    front = build_front(encoding)
    front.save(tmp_path / "front.keras")
    for each in (front, keras.saving.load_model(tmp_path / "front.keras")):
        assert np.array_equal(np.asarray(each(columns)), encode(encoding, columns))


def test_numbers_far_from_zero_keep_their_precision() -> None:
    """Values that are equal in float32 differ after encoding."""
    encoding = TableEncoding((ColumnEncoding("time", "number", mean=1.7e9, deviation=2.0),))
    given = {"time": np.array([1.7e9 - 1, 1.7e9, 1.7e9 + 1])}
    assert np.asarray(build_front(encoding)(given)).tolist() == [[-0.5], [0.0], [0.5]]


def test_a_model_is_its_front_and_its_core() -> None:
    """Under mixed precision, too: the front computes in float64."""
    columns = draw_columns(30)
    encoding = fit_encoding(columns, np.arange(30))
    keras.config.set_dtype_policy("mixed_float16")
    try:
        rows = keras.Input((encoding.width,), name="inputs")
        core = keras.Model(rows, keras.layers.Dense(2, dtype="float32", name="output")(rows), name="model")
        whole = with_front(build_front(encoding), core, "whole")
    finally:
        keras.config.set_dtype_policy("float32")
    encoded = encode(encoding, columns)
    assert (has_front(whole), has_front(core)) == (True, False)
    assert np.array_equal(np.asarray(front_of(whole)(columns)), encoded)
    assert np.array_equal(np.asarray(front_of(whole)(columns)), encoded)
    assert np.array_equal(np.asarray(whole(columns)), np.asarray(core(encoded)))
    assert core_of(whole) is core
    assert core_of(core) is core


def test_a_model_is_exported_after_its_inputs_are_renamed(tmp_path: Path) -> None:
    """As docs/runs.md shows: TensorFlow accepts fewer names than Keras."""
    columns = draw_columns(20)
    model = build_front(fit_encoding(columns, np.arange(20)))
    inputs = {
        name: keras.Input((1,), dtype=old.dtype, name=f"column_{i}")
        for i, (name, old) in enumerate(model.input.items())
    }
    with any_column_name():
        renamed = keras.Model(inputs, model(inputs))
    renamed.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    given = {name: each.astype(str) if each.dtype == object else each for name, each in columns.items()}
    found = exported.serve({name: tf.constant(each[:, None]) for name, each in given.items()})
    assert np.array_equal(np.asarray(found), np.asarray(model(columns)))


def test_weights_are_copied_by_the_names_of_layers() -> None:
    """Two embeddings of the same shape cannot be confused."""

    def build(order: list[str]) -> keras.Model:
        slot = keras.Input((), dtype="int32", name="inputs")
        layers = [keras.layers.Embedding(3, 2, name=name) for name in order]
        joined = keras.layers.Concatenate(name="joined")([layer(slot) for layer in layers])
        return keras.Model(slot, joined, name="model")

    saved, model = build(["a", "b"]), build(["b", "a"])
    copy_weights(saved, model)
    for name in ("a", "b"):
        assert np.array_equal(saved.get_layer(name).get_weights()[0], model.get_layer(name).get_weights()[0])
    scaled = keras.Model(model.input, keras.layers.Rescaling(2.0, name=TARGET_SCALING)(model.output))
    for other in (build(["a"]), build(["a", "b", "c"]), build(["a", "c"]), scaled):
        with pytest.raises(ValueError, match="layers differ"):
            copy_weights(other, model)

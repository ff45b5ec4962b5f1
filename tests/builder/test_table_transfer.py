"""A network that was trained on a table is reused with rows as they were for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dnnctl.builder.front import build_front, core_of, front_of, with_front
from dnnctl.builder.table_transfer import rescaling_between
from dnnctl.commands.runs import load_model
from dnnctl.commands.train import train
from dnnctl.errors import SpecError
from dnnctl.store.encoding import TableEncoding
from dnnctl.store.record import RunRecord
from sample_specs import write_spec
from sample_tables import NAMES, TABLE, draw_columns, encode, fit_encoding, write_table

COLUMNS = draw_columns(60)
ENCODING = fit_encoding(COLUMNS, np.arange(30))


def trained_on(encoding: TableEncoding, scaling: keras.layers.Layer | None = None) -> keras.Model:
    """A model that was trained on rows of an encoding; its core may scale them."""
    rows = keras.Input((encoding.width,), name="inputs")
    outputs = keras.layers.Dense(1, name="output")(rows if scaling is None else scaling(rows))
    return with_front(build_front(encoding), keras.Model(rows, outputs, name="model"), "source")


def other_statistics() -> TableEncoding:
    """The same columns and categories, with the numbers of other rows."""
    fitted = fit_encoding(COLUMNS, np.arange(30, 60))
    columns = [
        replace(b, has_indicator=a.has_indicator, fill=a.fill) if a.kind != "category" else a
        for a, b in zip(ENCODING.columns, fitted.columns, strict=True)
    ]
    return TableEncoding(tuple(columns))


def test_equal_encodings_need_no_layer() -> None:
    assert rescaling_between(ENCODING, trained_on(ENCODING)) == []


def test_rows_become_those_of_the_pretrained_network() -> None:
    """Against the encoder in plain Python, also where the pretrained network itself rescales."""
    theirs = other_statistics()
    (layer,) = rescaling_between(ENCODING, trained_on(theirs))
    rows = encode(ENCODING, COLUMNS)
    assert np.asarray(layer(rows)) == pytest.approx(encode(theirs, COLUMNS), abs=1e-5)
    twice = trained_on(ENCODING, rescaling_between(ENCODING, trained_on(theirs))[0])
    (again,) = rescaling_between(ENCODING, twice)
    assert np.asarray(again(rows)) == pytest.approx(encode(theirs, COLUMNS), abs=1e-5)


def without(name: str) -> TableEncoding:
    return TableEncoding(tuple(column for column in ENCODING.columns if column.name != name))


def changed(name: str, **fields: Any) -> TableEncoding:
    return TableEncoding(
        tuple(replace(column, **fields) if column.name == name else column for column in ENCODING.columns)
    )


def reordered() -> TableEncoding:
    """Two columns of numbers, which have the same widths and encoded values, in the other order."""
    first, new, sold, *others = changed(NAMES["size"], has_indicator=False).columns
    return TableEncoding((sold, new, first, *others))


def moved_indicator() -> TableEncoding:
    """The same width, but another column has an indicator."""
    moved = {NAMES["size"]: False, NAMES["sold"]: True}
    columns = (replace(each, has_indicator=moved.get(each.name, each.has_indicator)) for each in ENCODING.columns)
    return TableEncoding(tuple(columns))


@pytest.mark.parametrize(
    ("theirs", "message"),
    [
        (reordered(), "the columns in another order: verkauft über, is/new, size (m²)"),
        (moved_indicator(), "only these data have missing values in the column 'size (m²)'"),
        (without(NAMES["size"]), "'size (m²)' differs: the pretrained network has no such column"),
        (changed(NAMES["zip"], kind="number", is_embedded=False), "'zip' differs: the pretrained network has numbers"),
        (changed(NAMES["colour"], categories=("red",)), "other categories"),
        (changed(NAMES["size"], has_indicator=False), "other categories or indicators"),
        (changed(NAMES["zip"], categories=tuple(map(str, range(9)))), "other categories in the column 'zip'"),
    ],
)
def test_other_columns_and_categories_are_refused(theirs: TableEncoding, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        rescaling_between(ENCODING, trained_on(theirs))
    assert message in caught.value.faults[0].rule


def test_a_network_of_something_else_is_refused(tmp_path: Path) -> None:
    """An image's network for a table, and a table's network for images."""
    images = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    with pytest.raises(SpecError, match="not trained on a table"):
        rescaling_between(ENCODING, images)
    trained_on(ENCODING).save(tmp_path / "table.keras")
    model = {"layers": ["flatten", {"kind": "dense", "units": 1}], "reuse": {"run": str(tmp_path / "table.keras")}}
    with pytest.raises(SpecError, match="trained on a table, but these data are not"):
        train(write_spec(tmp_path, model=model), runs_dir=tmp_path / "runs")


def run(folder: Path, **sections: Any) -> RunRecord:
    sections = {
        "data": {"source": TABLE, "validation": {"size": 24}},
        "model": {"layers": [{"kind": "dense", "units": 4}]},
        "training": {"epochs": 1, "batch_size": 16},
        **sections,
    }
    return train(write_spec(folder, **sections), runs_dir=folder / "runs")


def test_a_run_starts_with_the_embeddings_and_layers_of_another(tmp_path: Path) -> None:
    """Another validation split gives other statistics: before its first step, it computes what the source computes.

    Only the value that replaces a missing one is that of its own training split.
    """
    write_table(tmp_path, n=600)  # every category is in both training splits
    source = run(tmp_path)
    reuse = {"run": str(source.path), "freeze": False}
    target = run(
        tmp_path,
        seed=8,
        model={"layers": [{"kind": "dense", "units": 4}], "reuse": reuse},
        optimizer={"kind": "sgd", "learning_rate": 1e-30},
    )
    assert target.facts.reuse is not None
    assert target.facts.reuse.layers == ("embedding_zip", "embedding_zip_", "dense_1")
    is_whole = ~np.any([np.isnan(each) for each in COLUMNS.values() if each.dtype != object], axis=0)
    columns = {name: each[is_whole] for name, each in COLUMNS.items()}
    hidden = []
    for record in (source, target):
        model = load_model(record)
        core = core_of(model)
        hidden.append(keras.Model(core.input, core.get_layer("dense_1").output)(front_of(model)(columns)))
    assert np.asarray(hidden[1]) == pytest.approx(np.asarray(hidden[0]), abs=1e-4)


def test_embeddings_can_be_reused_and_frozen_by_name(tmp_path: Path) -> None:
    write_table(tmp_path)
    source = run(tmp_path)
    reuse = {"run": str(source.path), "layers": ["embedding_zip"]}
    target = run(tmp_path, model={"layers": [{"kind": "dense", "units": 5}], "reuse": reuse})
    assert target.facts.reuse is not None
    assert target.facts.reuse.layers == ("embedding_zip",)
    kept, free = (
        [load_model(record).get_layer("model").get_layer(name).get_weights()[0] for record in (source, target)]
        for name in ("embedding_zip", "embedding_zip_")
    )
    assert np.array_equal(*kept)
    assert not np.array_equal(*free)

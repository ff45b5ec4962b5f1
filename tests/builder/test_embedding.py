"""Learned embeddings of categories: their place, their width and their names."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnnctl.builder.embedding import embedding_names, embedding_width
from dnnctl.builder.model import Network, build_network, count_parameters
from dnnctl.builder.output import choose_head
from dnnctl.specs import Spec
from dnnctl.store.encoding import ColumnEncoding, TableEncoding
from sample_tables import draw_columns, encode, fit_encoding


def build(encoding: TableEncoding, seed: int = 1) -> Network:
    spec = Spec.model_validate(
        {
            "name": "t",
            "seed": seed,
            "data": {"source": {"kind": "npz", "path": "x.npz"}},
            "model": {"layers": [{"kind": "dense", "units": 3}]},
        }
    )
    inputs = np.zeros((1, encoding.width), np.float32)
    return build_network(spec, choose_head(spec, task="numbers", n_outputs=1), inputs, encoding=encoding)


@pytest.mark.parametrize(("n_slots", "width"), [(2, 2), (3, 3), (10, 6), (100, 21), (458, 49), (459, 50), (10**5, 50)])
def test_the_width_follows_from_the_number_of_slots(n_slots: int, width: int) -> None:
    assert embedding_width(n_slots) == width


def test_the_first_block_gets_the_other_values_and_then_the_embeddings() -> None:
    """Against NumPy: the rows of the embedding matrices, by the number of the slot."""
    columns = draw_columns(40)
    encoding = fit_encoding(columns, np.arange(20))
    rows = encode(encoding, columns)
    network = build(encoding)
    assert [layer.name for layer in network.embeddings] == ["embedding_zip", "embedding_zip_"]
    starts = np.cumsum([0, *(column.width for column in encoding.columns)])
    embedded = [start for start, column in zip(starts, encoding.columns, strict=False) if column.is_embedded]
    assert rows[:, embedded].min() == 0, "the test needs unknown categories"
    matrices = [layer.get_weights()[0] for layer in network.embeddings]
    looked_up = [matrix[rows[:, place].astype(int)] for matrix, place in zip(matrices, embedded, strict=True)]
    expected = np.hstack([np.delete(rows, embedded, axis=1), *looked_up])
    first = keras.Model(network.model.input, network.blocks[0].inputs)
    assert np.array_equal(np.asarray(first(rows)), expected)


def test_embeddings_are_parameters_that_training_changes() -> None:
    encoding = fit_encoding(draw_columns(40), np.arange(20))
    network = build(encoding)
    n = sum(matrix.count_params() for matrix in network.embeddings)
    width = network.blocks[0].inputs.shape[-1]
    assert count_parameters(network.model) == (n + 3 * (width + 1) + 4, n + 3 * (width + 1) + 4)
    assert [owner for _, owner in network.trainable] == [
        "embedding_zip", "embedding_zip_", "dense_1", "dense_1", "output", "output",
    ]  # fmt: skip


def test_initial_embeddings_follow_from_the_seed_and_the_column() -> None:
    """Other columns before it change nothing."""
    zips = ColumnEncoding("zip", "category", categories=("a", "b", "c"), is_embedded=True)
    alone, second = TableEncoding((zips,)), TableEncoding((ColumnEncoding("size", "number"), zips))
    first, same, other = (
        build(encoding, seed).model.get_layer("embedding_zip").get_weights()[0]
        for encoding, seed in ((alone, 1), (second, 1), (alone, 2))
    )
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_an_unknown_category_has_an_embedding_of_zeros() -> None:
    """It is never trained: any other start would be noise in the predictions."""
    network = build(fit_encoding(draw_columns(40), np.arange(20)))
    for layer in network.embeddings:
        matrix = layer.get_weights()[0]
        assert not matrix[0].any()
        assert matrix[1:].all()


def test_a_table_without_embedded_categories_goes_straight_to_the_first_block() -> None:
    network = build(TableEncoding((ColumnEncoding("size", "number"),)))
    assert not network.embeddings
    assert [layer.name for layer in network.model.layers] == ["inputs", "dense_1", "output"]


@given(st.lists(st.text(st.sampled_from("ab_2/ü \n"), max_size=4), unique=True, max_size=8))
def test_the_names_of_embeddings_are_unique_and_plain(columns: list[str]) -> None:
    names = embedding_names(columns)
    assert len(set(names)) == len(columns)
    assert all(name.isascii() and name.replace("_", "").isalnum() for name in names)

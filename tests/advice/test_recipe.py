"""The sizes that are known before the data are read are those of the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.advice.recipe import BUILT_IN_SIZES, Recipe
from dnnctl.data.load import load_data
from dnnctl.specs import load

TEXT = "name: x\ndata: {source: fashion_mnist_sample, %s}\nmodel: {layers: [flatten]}\n"


@pytest.mark.parametrize(
    "keys",
    [
        "limit: 70",
        "validation: {size: 0.25, take: random}",
        "validation: {size: 3000}, limit: 5000",
        "validation: {fold: {k: 7, number: 2}}",
    ],
)
def test_sizes_are_those_of_the_splits(keys: str, tmp_path: Path) -> None:
    """Folds may differ by one example."""
    path = tmp_path / "x.yaml"
    path.write_text(TEXT % keys)
    spec = load(path).spec
    recipe, data = Recipe(spec), load_data(spec.data, seed=spec.seed)
    assert recipe.n_train == pytest.approx(len(data.train), abs=1)
    assert recipe.n_validation == pytest.approx(len(data.validation) if data.validation else 0, abs=1)
    assert recipe.n_classes == BUILT_IN_SIZES["fashion_mnist_sample"][1]


def test_sizes_of_own_data_are_unknown(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("name: x\ndata: {source: {kind: npz, path: a.npz}}\nmodel: {layers: [flatten]}\n")
    recipe = Recipe(load(path).spec)
    assert (recipe.n_train, recipe.n_classes, recipe.steps_per_epoch) == (None, None, None)

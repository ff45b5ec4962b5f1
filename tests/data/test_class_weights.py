"""The weights of classes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from dnnctl.data.class_weights import class_weights
from dnnctl.data.dataset import Dataset, Part, RawData
from dnnctl.errors import DataError
from dnnctl.specs.data import Data

NAMES = ("cat", "dog", "horse", "owl")
LABELS = np.array([0] * 6 + [1] * 2 + [3] * 4, np.int32)
PART = Part(np.zeros((12, 2), np.float32), LABELS)


def weights_of(choice: Any, *, part: Part = PART, names: tuple[str, ...] = NAMES) -> Any:
    data = Data.model_validate({"source": "fashion_mnist_sample", "class_weights": choice})
    task = "classes" if names else "numbers"
    return class_weights(data, RawData(part, None, task, names), part.targets)  # type: ignore[arg-type]


def test_balanced_classes_have_the_same_total_weight() -> None:
    """n / (K · n_k) by hand, for three classes with examples; the mean weight of an example is 1."""
    weights = weights_of("balanced")
    assert weights.tolist() == pytest.approx([12 / (3 * 6), 12 / (3 * 2), 1, 12 / (3 * 4)])
    assert weights[LABELS].mean() == pytest.approx(1)


def test_a_mapping_names_classes_by_name_or_number_and_the_others_have_weight_1() -> None:
    assert weights_of({"dog": 2, "3": 0.5}).tolist() == [1, 2, 1, 0.5]
    assert weights_of({"20": 3}, names=("10", "20", "30", "40")).tolist() == [1, 3, 1, 1]
    assert weights_of("none") is None


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"horses": 2}, "no class 'horses'. Did you mean `horse`?"),
        ({"4": 2}, "no class 4. Allowed: cat, dog"),
        ({"dog": 2, "1": 3}, "a class appears twice in dog, 1"),
        ({"cat": 0, "dog": 0, "owl": 0}, "every training example has the weight 0"),
    ],
)
def test_classes_and_weights_that_do_not_fit_are_refused(choice: Any, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        weights_of(choice)


@pytest.mark.parametrize("choice", ["balanced", {"0": 2}])
def test_numbers_have_no_class_weights(choice: Any) -> None:
    with pytest.raises(DataError, match="not classes"):
        weights_of(choice, part=Part(PART.inputs, np.zeros((12, 1), np.float32)), names=())


def test_training_examples_have_the_weight_of_their_class_times_their_own() -> None:
    """Other splits keep their own weights, and the inputs are not copied."""
    own = np.linspace(0, 2, 12).astype(np.float32)
    parts = [PART, Part(PART.inputs, LABELS, own)]
    of_class = np.array([1, 2, 3, 4], np.float32)
    for part, expected in zip(parts, [of_class[LABELS], of_class[LABELS] * own], strict=True):
        dataset = Dataset(part, part, None, None, "classes", NAMES, "", "", class_weights=of_class)
        assert dataset.weighted_train.weights == pytest.approx(expected)
        assert dataset.weighted_train.inputs is part.inputs
        assert dataset.validation is part
    plain = Dataset(PART, None, None, None, "classes", NAMES, "", "")
    assert plain.weighted_train is PART

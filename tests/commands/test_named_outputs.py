"""The columns of answers, from outputs whose meaning is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dnnctl.commands.named_outputs import name_effects, name_outputs
from dnnctl.commands.predictor import Outputs
from dnnctl.store.facts import TargetFacts

THREE = np.array([[0.2, 0.7, 0.1], [0.5, 0.2, 0.3]], np.float32)
ONE = np.array([[0.2], [0.7]], np.float32)


def columns(predictions: Any, target: TargetFacts, *, activation: str = "", mc: bool = False) -> dict[str, list[Any]]:
    deviation, entropy = (predictions / 10, predictions[:, 0]) if mc else (None, None)
    threshold = 0.5 if activation in ("softmax", "sigmoid", "linear") else 0.0
    found = name_outputs(Outputs(predictions, deviation, entropy), target, activation=activation, threshold=threshold)
    return {name: values.tolist() for name, values in found.items()}


def test_classes_have_their_names_and_the_deviation_of_the_predicted_one() -> None:
    found = columns(THREE, TargetFacts("classes", ("a", "b", "c")), activation="softmax", mc=True)
    assert list(found) == ["prediction", "p_a", "p_b", "p_c", "deviation", "entropy"]
    assert found["prediction"] == ["b", "a"]
    assert found["deviation"] == pytest.approx([0.07, 0.05])


def test_one_output_is_the_probability_of_the_second_class() -> None:
    found = columns(ONE, TargetFacts("classes", ("no", "yes")), activation="sigmoid", mc=True)
    assert found["prediction"] == ["no", "yes"]
    assert found["p_no"] == pytest.approx([0.8, 0.3])
    assert found["p_yes"] == pytest.approx([0.2, 0.7])
    assert found["deviation"] == pytest.approx([0.02, 0.07])


def test_margins_are_no_probabilities() -> None:
    """The loss `hinge` compares the output with 0."""
    found = columns(ONE - 0.5, TargetFacts("classes", ("no", "yes")), activation="tanh")
    assert list(found) == ["prediction", "score_yes"]
    assert found["prediction"] == ["no", "yes"]
    assert list(columns(ONE, TargetFacts("classes"), activation="tanh", mc=True))[-1] == "deviation"
    assert list(columns(ONE, TargetFacts("labels"), activation="tanh", mc=True))[-1] == "deviation_0"


def test_outputs_beyond_the_classes_are_called_by_their_numbers() -> None:
    found = columns(THREE, TargetFacts("classes", ("a",)), activation="softmax")
    assert list(found)[1:] == ["p_a", "p_1", "p_2"]
    assert found["prediction"] == ["1", "a"]


def test_labels_are_0_or_1() -> None:
    found = columns(THREE, TargetFacts("labels", ("x", "y", "z")), activation="sigmoid", mc=True)
    assert found["prediction_y"] == [1, 0]
    assert found["p_z"] == pytest.approx([0.1, 0.3])
    assert found["deviation_x"] == pytest.approx([0.02, 0.05])
    assert "entropy" in found


def test_a_single_label_is_named_in_every_column_and_needs_more_than_the_threshold() -> None:
    """As Keras does, whose accuracy compares with `>`."""
    found = columns(np.array([[0.5], [0.6]]), TargetFacts("labels", ("x",)), activation="sigmoid", mc=True)
    assert list(found) == ["prediction_x", "p_x", "deviation_x", "entropy"]
    assert found["prediction_x"] == [0, 1]


def test_numbers_have_no_probability_and_no_entropy() -> None:
    assert list(columns(ONE, TargetFacts("numbers"), activation="linear", mc=True)) == ["prediction", "deviation"]
    assert list(columns(THREE, TargetFacts("numbers"))) == ["prediction_0", "prediction_1", "prediction_2"]
    named = columns(THREE[:, :2], TargetFacts("numbers", ("low", "high")), mc=True)
    assert list(named) == ["prediction_low", "prediction_high", "deviation_low", "deviation_high"]


def test_the_features_with_the_largest_effects_come_first() -> None:
    """Of equal effects the first column; at most three."""
    effects = np.array([[[0.5, -2.0, 0.0, 1.0]], [[1.0, -1.0, 1.0, 3.0]]])
    found = name_effects(effects, ["a", "b", "c", "d"], TargetFacts("classes", ("x", "y")))
    assert {name: list(values) for name, values in found.items()} == {
        "feature_1": ["b", "d"],
        "effect_1": [-2.0, 3.0],
        "feature_2": ["d", "a"],
        "effect_2": [1.0, 1.0],
        "feature_3": ["a", "b"],
        "effect_3": [0.5, -1.0],
    }
    found = name_effects(np.array([[[1.0], [2.0]]]), ["a"], TargetFacts("labels", ("x", "y")))
    assert {name: values[0] for name, values in found.items()} == {
        "feature_1_x": "a",
        "effect_1_x": 1.0,
        "feature_1_y": "a",
        "effect_1_y": 2.0,
    }

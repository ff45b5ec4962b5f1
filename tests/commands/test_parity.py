"""Parity: what counts as the same answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dnnctl.commands.conversion import Outcome, Question
from dnnctl.commands.parity import ROUNDINGS, TOLERANCE, compare_answers

WANT = np.array([[0.2, 0.8], [0.51, 0.49]], np.float32)


def compare(want: Any, got: Any, *, task: str = "classes", activation: str = "softmax", rounding: float = 0) -> Any:
    question = Question("real rows", "predict", "0.npy", 256)
    outcome = Outcome(activation=activation, questions=(question,), rounding={"real rows": rounding})
    values = {"real rows": np.asarray(want, np.float32)}, {"real rows": np.asarray(got, np.float32)}
    return compare_answers(*values, outcome, task=task, threshold=0.5)


def test_probabilities_may_differ_by_the_tolerance() -> None:
    assert not compare(WANT, WANT + 0.5e-5).fault
    assert "real rows: the answers differ by 2e-05" in compare(WANT, WANT + 2e-5).fault


def test_the_rounding_of_the_network_itself_is_accepted() -> None:
    """It is measured, and the limit is reported."""
    found = compare(WANT, WANT + 2e-5, rounding=1e-5)
    assert not found.fault
    assert found.limit == pytest.approx(ROUNDINGS * 1e-5)
    assert compare(WANT, WANT + 5e-5, rounding=1e-5).fault


def test_numbers_are_compared_in_relation_to_the_largest_one() -> None:
    """So that neither prices nor millimetres in metres decide."""
    for scale in (1e6, 1e-6):
        want = np.array([[1.0], [-2.0]]) * scale
        assert not compare(want, want + 1e-5 * scale, task="numbers", activation="linear").fault
        found = compare(want, want + 1e-4 * scale, task="numbers", activation="linear")
        assert found.fault
        assert found.relative == pytest.approx(5e-5, rel=0.02)
        assert found.changed is None


def test_changed_decisions_are_counted() -> None:
    got = WANT.copy()
    got[1] = got[1][::-1]
    assert (compare(WANT, got).changed, compare(WANT, got).n_decisions) == (1, 2)
    assert compare(WANT, got, task="labels", activation="sigmoid").changed == 1
    assert compare([[0.4], [0.6]], [[0.6], [0.6]], activation="sigmoid").changed == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_infinite_answers_are_only_equal_to_themselves(bad: float) -> None:
    want = np.array([[bad], [1.0]])
    assert not compare(want, want, task="numbers", activation="linear").fault
    assert compare(want, [[1.0], [1.0]], task="numbers", activation="linear").fault
    found = compare([[1.0], [1.0]], want, task="numbers", activation="linear")
    assert (bool(found.fault), found.is_finite) == (True, False)


def test_missing_answers_and_other_weights_are_faults() -> None:
    assert "the shape (1, 2), not (2, 2)" in compare(WANT, WANT[:1]).fault
    assert not compare(WANT, WANT[:1]).is_finite
    assert compare(WANT, WANT + 0.5).is_finite
    outcome = Outcome()
    for name in ("weight dense_1/kernel", "encoded real rows"):
        same = {name: np.array([1.0, np.nan])}
        assert not compare_answers(same, same, outcome, task="classes", threshold=0.5).fault
        assert compare_answers(
            same, {name: np.array([1.0 + 1e-9, np.nan])}, outcome, task="classes", threshold=0.5
        ).fault
        assert compare_answers(same, {}, outcome, task="classes", threshold=0.5).fault


def test_the_tolerance_is_that_of_the_documentation() -> None:
    assert TOLERANCE == 1e-5

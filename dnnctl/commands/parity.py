"""Whether an export answers as the network of its run.

Shapes: N is the number of rows, K the number of outputs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dnnctl.commands.named_outputs import PROBABILITIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dnnctl.commands.conversion import Outcome

Arrays = Mapping[str, Any]
"""The answers to each question, (N, K); `encoded …` and `weight …` are compared bit by bit."""
TOLERANCE = 1e-5
"""The largest difference that is accepted, in relation to the scale of the answers."""
ROUNDINGS = 4
"""Where the network's own rounding error is larger than the tolerance, this multiple of it is accepted: the order of
additions differs between runtimes."""


@dataclass(frozen=True)
class Parity:
    """How the answers differ."""

    difference: float = 0.0
    """The largest absolute difference."""
    relative: float = 0.0
    """The largest difference in relation to the scale of the answers: 1 for probabilities, else the largest answer."""
    limit: float = TOLERANCE
    """What is accepted where the difference is closest to it."""
    changed: int | None = None
    """The number of rows with another decision; None for numbers."""
    n_decisions: int = 0
    fault: str = ""
    """What is wrong; empty if the answers agree."""

    @property
    def is_finite(self) -> bool:
        """Whether there is an answer to everything, and none is infinite or NaN where that of the network is not."""
        return self.difference < math.inf


def compare_answers(expected: Arrays, answers: Arrays, outcome: Outcome, *, task: str, threshold: float) -> Parity:
    """Compare the answers of an export with those of the network.

    The questions of the outcome are compared, except those on which a quantized export is measured.

    Args:
        threshold: a single output above it means class 1, or that a row has a label.
    """
    import numpy as np

    for name, values in expected.items():
        if name not in answers or answers[name].shape != values.shape:
            found = answers[name].shape if name in answers else "none"
            return Parity(np.inf, np.inf, fault=f"{name}: the answers have the shape {found}, not {values.shape}")
        if name.startswith(("encoded ", "weight ")) and not np.array_equal(values, answers[name], equal_nan=True):
            return Parity(np.inf, np.inf, fault=f"{name}: the values differ")
    asked = [each for each in outcome.questions if not each.is_measured]
    if not asked:
        return Parity()
    is_probability = outcome.activation in PROBABILITIES and task != "numbers"
    floor = 1.0 if is_probability else _largest(expected[asked[0].name])
    found = []
    for question in asked:
        want, got = expected[question.name], answers[question.name]
        difference = _difference(want, got)
        scale = 1.0 if is_probability else max(floor, _largest(want)) or 1.0
        limit = max(TOLERANCE, ROUNDINGS * outcome.rounding.get(question.name, 0.0) / scale)
        found.append((difference / scale / limit, question.name, difference, difference / scale, limit))
    worst = max(found)
    fault = "" if worst[0] <= 1 else f"{worst[1]}: the answers differ by {worst[2]:.2g}, which is more than rounding"
    changed, n = _count_changes(expected, answers, outcome, task, threshold)
    return Parity(max(each[2] for each in found), max(each[3] for each in found), worst[4], changed, n, fault)


def _difference(want: NDArray[Any], got: NDArray[Any]) -> float:
    """The largest absolute difference; equal infinite values and NaN do not differ."""
    import numpy as np

    same = (want == got) | (np.isnan(want) & np.isnan(got))
    with np.errstate(invalid="ignore"):
        difference = np.abs(want.astype(np.float64) - got)
    return float(np.nan_to_num(np.where(same, 0.0, difference), nan=np.inf, posinf=np.inf).max())


def _largest(values: NDArray[Any]) -> float:
    import numpy as np

    finite = values[np.isfinite(values)]
    return float(np.abs(finite).max()) if finite.size else 0.0


def _count_changes(
    expected: Arrays, answers: Arrays, outcome: Outcome, task: str, threshold: float
) -> tuple[int | None, int]:
    """The number of rows with another decision, and of all rows. Those of small batches are not counted twice."""
    if task == "numbers":
        return None, 0
    names = [each.name for each in outcome.questions if not each.name.startswith("batches") and not each.is_measured]
    pairs = [(decide(expected[name], task, threshold), decide(answers[name], task, threshold)) for name in names]
    return sum(int((a != b).any(axis=1).sum()) for a, b in pairs), sum(len(a) for a, _ in pairs)


def decide(values: NDArray[Any], task: str, threshold: float) -> NDArray[Any]:
    """(N, 1) the class of each row, or (N, K) whether it has each label."""
    from dnnctl.compare.scores import predicted_classes

    return predicted_classes(values, threshold)[:, None] if task == "classes" else values > threshold

"""Examples in the words of the data: what they are, and what the network says they are.

Shapes: B is the number of examples, K the number of outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from dnnctl.commands.evaluate import as_predictions
from dnnctl.commands.predictor import named_target
from dnnctl.store.facts import TargetFacts
from dnnctl.store.record import RunRecord
from dnnctl.text import format_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dnnctl.data.dataset import Dataset

Answer = str | list[str] | float | list[float]
"""The name of a class, the names of labels, a number, or several numbers."""


@dataclass(frozen=True)
class Prediction:
    """An answer of the network."""

    answer: Answer
    probability: float | None = None
    """That of the predicted class, if the network gives probabilities."""


def name_targets(run: RunRecord, target: TargetFacts, targets: NDArray[Any]) -> list[Answer]:
    """(B,) the raw targets of some examples."""
    names = named_target(run, target).names
    if target.task == "classes":
        return [_name(names, int(label)) for label in targets]
    name = partial(_labels, names) if target.task == "labels" else _numbers
    return [name(row) for row in targets.reshape(len(targets), -1)]


def name_predictions(run: RunRecord, target: TargetFacts, outputs: NDArray[Any]) -> list[Prediction]:
    """(B,) the answers of the network, from its outputs (B, K)."""
    found = as_predictions(run, target, outputs, outputs)
    names = found.class_names
    if found.is_classes:
        probabilities, classes = found.probabilities, found.classes.tolist()
        of_class = [None] * len(classes) if probabilities is None else probabilities[range(len(classes)), classes]
        return [
            Prediction(_name(names, said), None if probability is None else float(probability))
            for said, probability in zip(classes, of_class, strict=True)
        ]
    if found.task == "labels":
        return [Prediction(_labels(names, row)) for row in found.predicted > found.threshold]
    return [Prediction(_numbers(row)) for row in found.predicted]


def answer_text(answer: Answer | None) -> str:
    """An answer on a line."""
    if isinstance(answer, list):
        return ", ".join(each if isinstance(each, str) else format_number(each) for each in answer) or "none"
    return "—" if answer is None else answer if isinstance(answer, str) else format_number(answer)


def source_of(dataset: Dataset, split: str, row: int) -> int | str:
    """Where an example of `train` or `unlabelled` is in the source: the row of its file, or its own file."""
    number = int(dataset.source_rows[split][row])
    return dataset.files[number] if dataset.files else number


def _name(names: tuple[str, ...], number: int) -> str:
    return names[number] if number < len(names) else str(number)


def _labels(names: tuple[str, ...], has: NDArray[Any]) -> list[str]:
    return [_name(names, number) for number, each in enumerate(has) if each > 0.5]


def _numbers(values: NDArray[Any]) -> float | list[float]:
    return float(values[0]) if len(values) == 1 else [float(value) for value in values]

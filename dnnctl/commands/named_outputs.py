"""The outputs of a network as named columns: what they mean, in the words of the data.

Shapes: N is the number of examples, K the number of outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dnnctl.store.facts import TargetFacts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dnnctl.commands.predictor import Outputs

PREDICTION = "prediction"
PROBABILITIES = ("softmax", "sigmoid")
"""The activations whose outputs are probabilities."""
N_FEATURES = 3
"""The number of features that explain a prediction."""
Columns = dict[str, Any]
"""(N,) arrays by name."""


def name_outputs(outputs: Outputs, target: TargetFacts, *, activation: str, threshold: float) -> Columns:
    """The columns of some answers.

    - classes: `prediction`, the name of the class, and `p_<class>`, the probability of each; `score_<class>` if the
      network does not give probabilities. With MC dropout `deviation`, that of the predicted class.
    - labels: `prediction_<label>`, 0 or 1, and `p_<label>` or `score_<label>`; `deviation_<label>`.
    - numbers: `prediction`, or `prediction_<name>` of each number; `deviation` or `deviation_<name>`.

    With MC dropout, classes and labels with probabilities have their `entropy`.

    Args:
        activation: that of the last layer.
        threshold: a single output above it means class 1, or that an example has a label.
    """
    prefix = "p" if activation in PROBABILITIES else "score"
    if target.task == "classes":
        return _classes(outputs, target, prefix, threshold)
    values = outputs.predictions.reshape(len(outputs.predictions), -1)
    names = _padded(target.names, values.shape[1])
    if target.task == "labels":
        said = (values > threshold).astype("int8")
        columns = _named(PREDICTION, names, said) | _named(prefix, names, values)
    else:
        columns = _numbers(PREDICTION, target.names, values)
    if outputs.deviation is not None and target.task == "labels":
        columns |= _named("deviation", names, outputs.deviation)
    elif outputs.deviation is not None:
        columns |= _numbers("deviation", target.names, outputs.deviation)
    if outputs.entropy is not None and target.task == "labels" and prefix == "p":
        columns["entropy"] = outputs.entropy
    return columns


def name_effects(effects: NDArray[Any], features: Sequence[str], target: TargetFacts) -> Columns:
    """The columns with the largest effects on a prediction: `feature_1` and `effect_1`, then the next ones.

    Of several labels or numbers, each has its own: `feature_1_<name>`.

    Args:
        effects: (N, T, C) of C features on T outputs.
    """
    import numpy as np

    n_outputs = effects.shape[1]
    ends = [f"_{name}" for name in _padded(target.names, n_outputs)] if n_outputs > 1 else [""]
    order = np.argsort(-np.abs(effects), axis=2, kind="stable")[:, :, :N_FEATURES]
    largest = np.take_along_axis(effects, order, axis=2)
    names = np.array(features, object)[order]
    columns: Columns = {}
    for output, end in enumerate(ends):
        for place in range(order.shape[2]):
            columns[f"feature_{place + 1}{end}"] = names[:, output, place]
            columns[f"effect_{place + 1}{end}"] = largest[:, output, place]
    return columns


def _classes(outputs: Outputs, target: TargetFacts, prefix: str, threshold: float) -> Columns:
    import numpy as np

    from dnnctl.compare.scores import predicted_classes

    values = outputs.predictions
    classes = predicted_classes(values, threshold)
    names = _padded(target.names, max(2, values.shape[1]))
    columns: Columns = {PREDICTION: np.array(names, object)[classes]}
    if values.shape[1] > 1:
        columns |= _named(prefix, names, values)
    elif prefix == "p":
        columns |= _named(prefix, names, np.hstack([1 - values, values]))
    else:
        columns[f"{prefix}_{names[1]}"] = values[:, 0]
    if outputs.deviation is not None:
        own = np.minimum(classes, outputs.deviation.shape[1] - 1)
        columns["deviation"] = outputs.deviation[np.arange(len(own)), own]
    if outputs.entropy is not None and prefix == "p":
        columns["entropy"] = outputs.entropy
    return columns


def _numbers(prefix: str, names: Sequence[str], values: NDArray[Any]) -> Columns:
    if values.shape[1] == 1:
        return {prefix: values[:, 0]}
    return _named(prefix, _padded(names, values.shape[1]), values)


def _named(prefix: str, names: Sequence[str], values: NDArray[Any]) -> Columns:
    return {f"{prefix}_{name}": values[:, column] for column, name in enumerate(names)}


def _padded(names: Sequence[str], n: int) -> list[str]:
    """As many names as outputs; outputs without a name are called by their numbers."""
    return [names[number] if number < len(names) else str(number) for number in range(n)]

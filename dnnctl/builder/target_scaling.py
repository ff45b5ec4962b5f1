"""Scaling of target numbers: the network's outputs are near 0, its predictions are in the unit of the targets.

The last layers of the model invert the scaling. The loss is computed on scaled values, metrics on the numbers
themselves.

Shapes: N is the number of examples, B the batch, K the number of target numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from dnnctl.errors import Fault, SpecError
from dnnctl.specs.experiment import Spec

SCALABLE_LOSSES = ("mse", "mae", "huber", "log_cosh")
"""Losses of a difference. The others depend on the unit or the sign of the numbers."""
PATH = "data.target_scaling"
TARGET_SCALING = "target_scaling"
"""The name of the layer that inverts the scaling."""
SMALLEST = 1e-37
"""Predictions are at least this large before their logarithm is taken: it is the smallest power of 10 in float32."""
ROUNDING = np.finfo(np.float32).eps
"""A deviation that is smaller in relation to the mean is that of float32's rounding."""


@dataclass(frozen=True)
class TargetScaling:
    """scaled = (y - mean) / deviation, or (log y - mean) / deviation; for each target number, (K,)."""

    kind: Literal["standardize", "log"]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def scale(self, values: Any) -> Any:
        """Target numbers or predictions (B, K), scaled."""
        if self.kind == "log":
            values = ops.log(ops.maximum(values, SMALLEST))
        return (values - ops.array(self.mean, "float32")) / ops.array(self.deviation, "float32")

    def layers(self) -> list[keras.layers.Layer]:
        """The layers after the output that invert the scaling, (B, K) → (B, K)."""
        inverse = [
            keras.layers.Rescaling(list(self.deviation), offset=list(self.mean), dtype="float32", name=TARGET_SCALING)
        ]
        if self.kind == "log":
            inverse.append(keras.layers.Activation("exponential", dtype="float32", name="target_exponential"))
        return inverse


class ScaledLoss(keras.losses.Loss):
    """A loss of scaled targets and scaled predictions, for training. Saved models have the plain loss."""

    def __init__(self, loss: keras.losses.Loss, scaling: TargetScaling) -> None:
        super().__init__(name=loss.name, reduction=loss.reduction, dtype="float32")
        self.loss = loss
        self.scaling = scaling

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """(B,) the loss of each example."""
        return self.loss.call(self.scaling.scale(y_true), self.scaling.scale(y_pred))


def fit_target_scaling(
    spec: Spec, loss: str, targets: NDArray[np.generic], *, is_numbers: bool
) -> TargetScaling | None:
    """The scaling of the targets of the training split; None if they are used as they are.

    Args:
        loss: its kind, which is known even if the spec has `auto`.
        targets: (N, K) numbers, or classes.

    Raises:
        SpecError: the targets, the loss or the output do not allow the scaling.
    """
    wanted = spec.data.target_scaling
    reason = _obstacle(spec, loss) if is_numbers else "only target numbers can be scaled, but these are classes"
    if wanted == "auto":
        wanted = "standardize" if reason is None else "none"
    if wanted == "none":
        return None
    if reason is not None:
        raise SpecError([Fault(reason, PATH, received=wanted, hint="Write `target_scaling: none`.")])
    numbers = targets.astype(np.float64)
    if wanted == "log":
        if numbers.min() <= 0:
            rule = f"the logarithm needs targets greater than 0, but the smallest one is {numbers.min():g}"
            raise SpecError([Fault(rule, PATH, hint="Write `target_scaling: standardize`.")])
        numbers = np.log(numbers)
    mean, deviation = numbers.mean(axis=0), numbers.std(axis=0)
    is_constant = deviation <= ROUNDING * np.abs(mean)
    kind: Literal["standardize", "log"] = "log" if wanted == "log" else "standardize"
    return TargetScaling(kind, tuple(mean.tolist()), tuple(np.where(is_constant, 1.0, deviation).tolist()))


def _obstacle(spec: Spec, loss: str) -> str | None:
    """Why target numbers cannot be scaled."""
    if loss not in SCALABLE_LOSSES:
        return f"the loss {loss} cannot be computed on scaled targets, only {', '.join(SCALABLE_LOSSES)}"
    output = spec.model.output
    if output != "auto" and output.activation.kind not in ("auto", "linear"):
        return f"scaled targets need a linear output, but `model.output.activation` is {output.activation.kind}"
    return None

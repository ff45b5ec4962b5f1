"""The output: the last layer, the loss and the form of the targets.

Shapes: B is the batch, K the number of classes or of numbers to predict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras

from dnnctl.builder.activation import is_argument, keras_name
from dnnctl.builder.constraint import DENSE_INPUTS, build_constraint
from dnnctl.builder.initializer import build_initializer
from dnnctl.builder.names import Names
from dnnctl.builder.regularizer import build_regularizer
from dnnctl.builder.target_scaling import TargetScaling
from dnnctl.errors import Fault, SpecError
from dnnctl.specs.experiment import Spec
from dnnctl.specs.loss import BINARY_LOSSES, loss_fault
from dnnctl.specs.model import Output

TargetForm = Literal["index", "one_hot", "column", "labels", "numbers"]
"""How targets are given to the loss: class numbers (B,), one-hot (B, K), 0 or 1 (B, 1), 0 or 1 for each label (B, K),
or numbers (B, K)."""

OUTPUT = "output"
"""The name of the last layer."""


@dataclass(frozen=True)
class Head:
    """The output of the network, once the data is known."""

    loss: str
    targets: TargetForm
    units: int
    activation: str
    """The activation that `auto` means."""
    target_scaling: TargetScaling | None = None
    """How target numbers are scaled for the loss; None if they are not."""

    @property
    def scaling_kind(self) -> str | None:
        """`standardize` or `log`; None if targets are not scaled."""
        return None if self.target_scaling is None else self.target_scaling.kind


def choose_head(spec: Spec, *, task: str, n_outputs: int) -> Head:
    """The head that follows from the spec and the data.

    Raises:
        SpecError: the loss or the number of units does not match the targets.
    """
    loss = spec.loss.kind if spec.loss.kind != "auto" else _auto_loss(task, n_outputs)
    fault = loss_fault(loss, task)
    if fault is not None:
        raise SpecError([Fault(fault[0], "loss", hint=fault[1])])
    if task == "numbers":
        head = Head(loss, "numbers", n_outputs, "linear")
    elif task == "labels":  # one output for each label, which is 0 or 1 whatever the others are
        head = Head(loss, "labels", n_outputs, _binary_activation(loss))
    elif loss in BINARY_LOSSES:
        head = _binary_head(loss, n_outputs)
    else:
        form: TargetForm = "index" if loss == "sparse_categorical_crossentropy" else "one_hot"
        head = Head(loss, form, n_outputs, "softmax")
    _check_units(spec, head)
    _check_activation(spec, head)
    return head


def _auto_loss(task: str, n_outputs: int) -> str:
    if task == "numbers":
        return "mse"
    return "binary_crossentropy" if n_outputs == 2 or task == "labels" else "sparse_categorical_crossentropy"


def _binary_head(loss: str, n_classes: int) -> Head:
    if n_classes == 2:
        return Head(loss, "column", 1, _binary_activation(loss))
    return Head(loss, "one_hot", n_classes, _binary_activation(loss))


def _binary_activation(loss: str) -> str:
    return "tanh" if loss in ("hinge", "squared_hinge") else "sigmoid"


def _check_units(spec: Spec, head: Head) -> None:
    output = spec.model.output
    if output == "auto" or output.units == "auto" or output.units == head.units:
        return
    if head.targets == "index" and output.units > head.units:
        return
    rule = f"must be {head.units} for this data and the loss {head.loss}"
    raise SpecError([Fault(rule, "model.output.units", received=str(output.units), hint="Write `units: auto`.")])


def _check_activation(spec: Spec, head: Head) -> None:
    """Crossentropy needs probabilities, and a softmax over one unit is always 1."""
    output = spec.model.output
    if output == "auto" or output.activation.kind == "auto":
        return
    kind = output.activation.kind
    needs_probabilities = head.loss.endswith("crossentropy") and kind != head.activation
    if needs_probabilities or (kind == "softmax" and (head.units == 1 or head.targets in ("labels", "numbers"))):
        rule = f"{kind} cannot be used with the loss {head.loss}"
        raise SpecError(
            [Fault(rule, "model.output.activation", hint=f"Write `auto`, which means {head.activation} here.")]
        )


def build_output(spec: Spec, head: Head, names: Names) -> keras.layers.Layer:
    """The output layer: dense, always in float32, (B, …) → (B, units)."""
    output = Output.model_construct() if spec.model.output == "auto" else spec.model.output
    activation = output.activation
    if activation.kind != "auto" and not is_argument(activation):
        rule = f"the output does not support {activation.kind}"
        raise SpecError([Fault(rule, "model.output.activation", hint="Write auto, softmax, sigmoid or linear.")])
    return keras.layers.Dense(
        head.units if output.units == "auto" else output.units,
        activation=head.activation if activation.kind == "auto" else keras_name(activation),
        use_bias=output.use_bias,
        kernel_initializer=build_initializer(output.initializer, names.seed_of("output/kernel")),
        kernel_regularizer=build_regularizer(output.regularizer),
        kernel_constraint=build_constraint(output.constraint, DENSE_INPUTS),
        dtype="float32",
        name=OUTPUT,
    )

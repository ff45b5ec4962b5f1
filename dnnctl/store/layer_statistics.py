"""What a probe measures in a layer, and how probe.jsonl stores it: one row for each layer and probed epoch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from math import hypot, nan
from typing import Literal, TypeAlias

from dnnctl.store.facts import Row
from dnnctl.store.metrics import finite

Verdict: TypeAlias = Literal["healthy", "vanishing", "exploding", "dead", "saturated"]
HEALTHY: Verdict = "healthy"
VERDICTS: tuple[Verdict, ...] = ("healthy", "vanishing", "exploding", "dead", "saturated")


@dataclass(frozen=True)
class LayerStatistics:
    """The outputs and gradients of a layer with weights, on the probed examples. Numbers can be infinite or NaN."""

    layer: str
    """The layer's name: `dense_1`, …, `output`."""
    activation: str
    """The kind of the activation function that its outputs are measured after."""
    mean: float
    """The mean of its outputs."""
    deviation: float
    """The standard deviation of its outputs."""
    dead: float
    """The fraction of its units, for a convolution of its channels, that are zero for every example."""
    saturated: float
    """The fraction of its outputs near a limit of the activation function; 0 for functions without two limits."""
    gradient: float
    """The root mean square of the loss's gradient by its weights, over weights and batches."""
    update: float = 0.0
    """The norm of the change of its weights in one step, divided by the norm of its weights."""


@dataclass(frozen=True)
class Measurement:
    """The layers of a network at one time, and what they say about it."""

    step: int
    """Finished steps."""
    layers: tuple[LayerStatistics, ...]
    """In the order of the network; the last one is the output."""
    verdict: Verdict
    blamed: tuple[str, ...] = ()
    """The layers that the verdict is about; empty if the network is healthy, or if it is no single layer."""
    reason: str = ""
    """Why it is the verdict: one sentence, without a full stop at its end."""
    loss: float | None = None
    """The mean loss of the probed examples."""
    epoch: int = 0
    """Finished epochs."""

    @property
    def gradient_ratio(self) -> float:
        """The gradient of the first layer divided by that of the last one; NaN if the last one is 0."""
        first, last = self.layers[0].gradient, self.layers[-1].gradient
        return first / last if last else nan


def signal(layer: LayerStatistics) -> float:
    """The size of a layer's outputs: the square root of their mean square."""
    return hypot(layer.mean, layer.deviation)


def rows_of(found: Measurement) -> list[Row]:
    """The rows of a measurement. Layers that are not to blame are healthy; infinite and NaN numbers are None."""
    is_general = not found.blamed
    return [
        {
            "epoch": found.epoch,
            "step": found.step,
            **{name: _rounded(value) if isinstance(value, float) else value for name, value in vars(each).items()},
            "verdict": found.verdict if is_general or each.layer in found.blamed else HEALTHY,
        }
        for each in found.layers
    ]


def _rounded(value: float) -> float | None:
    """A number with six digits, which are more than it means; every checkpoint holds it."""
    return finite(float(f"{value:.6g}"))


def measurements_in(rows: Iterable[Row]) -> list[Measurement]:
    """The measurements in the rows of probe.jsonl, whatever else they contain."""
    return [_measurement(list(group)) for _, group in groupby(rows, key=lambda row: row["epoch"])]


def _measurement(rows: Sequence[Row]) -> Measurement:
    layers, verdicts = tuple(map(_layer, rows)), list(map(_verdict, rows))
    blamed = tuple(layer.layer for layer, verdict in zip(layers, verdicts, strict=True) if verdict != HEALTHY)
    verdict = next((each for each in verdicts if each != HEALTHY), HEALTHY)
    step = rows[0].get("step")
    return Measurement(step if isinstance(step, int) else 0, layers, verdict, blamed, epoch=int(rows[0]["epoch"]))


def _layer(row: Row) -> LayerStatistics:
    numbers = [finite(row.get(name)) for name in NUMBERS]
    return LayerStatistics(
        str(row.get("layer", "")), str(row.get("activation", "")), *(nan if each is None else each for each in numbers)
    )


def _verdict(row: Row) -> Verdict:
    return next((each for each in VERDICTS if each == row.get("verdict")), HEALTHY)


NUMBERS = tuple(field.name for field in fields(LayerStatistics) if field.name not in ("layer", "activation"))

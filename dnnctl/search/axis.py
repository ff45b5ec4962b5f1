"""A parameter of a sweep as an axis: what its values mean on a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from dnnctl.events.sweep_wording import short_names
from dnnctl.store.difference import in_words
from dnnctl.store.metrics import finite
from dnnctl.store.trials import Trial

MAX_CHOICES = 8
"""More different numbers are a range, if the sweep does not say whether they are."""
WIDE = 100
"""A range of positive numbers of this ratio has a logarithmic axis, if the sweep does not say which."""


@dataclass(frozen=True)
class Axis:
    """A parameter with the values that the trials have."""

    path: str
    name: str
    """As few of the last words of the path as tell it from the others."""
    choices: tuple[str, ...] = ()
    """The values of a list, in words and in order; none if the values are numbers of a range."""
    is_log: bool = False
    low: float = 0.0
    """The smallest value of a range."""
    high: float = 0.0

    def at(self, setting: Mapping[str, Any]) -> float | None:
        """The value of a setting as a number: of a list, its place from 0; None if there is none."""
        if self.path not in setting:
            return None
        if not self.choices:
            return finite(setting[self.path])
        word = in_words(setting[self.path])
        return float(self.choices.index(word)) if word in self.choices else None

    def height(self, setting: Mapping[str, Any]) -> float | None:
        """The place of a setting between the ends of the axis, from 0 to 1."""
        value = self.at(setting)
        if value is None:
            return None
        if self.choices:
            return (value + 0.5) / len(self.choices)
        if self.low == self.high:
            return 0.5
        if self.is_log:
            return log(value / self.low) / log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def axes_of(trials: Sequence[Trial], plan: Mapping[str, Any]) -> list[Axis]:
    """The axis of each parameter, in the order of the sweep.

    Args:
        plan: the sweep as plain values, from a file. It is used as far as it says what it should.
    """
    paths = dict.fromkeys(path for trial in trials for path in trial.facts.setting)
    names = short_names(paths)
    planned = plan.get("parameters")
    parameters = planned if isinstance(planned, dict) else {}
    found = {path: [t.facts.setting[path] for t in trials if path in t.facts.setting] for path in paths}
    return [_axis(path, names[path], values, parameters.get(path)) for path, values in found.items()]


def _axis(path: str, name: str, values: Sequence[Any], parameter: Any) -> Axis:
    numbers = [number for value in values if (number := finite(value)) is not None]
    is_known = isinstance(parameter, dict | list)
    is_range = isinstance(parameter, dict) or (not is_known and len(set(numbers)) > MAX_CHOICES)
    if is_range and len(numbers) == len(values):
        low, high = min(numbers), max(numbers)
        is_log = parameter.get("scale") == "log" if isinstance(parameter, dict) else low > 0 and high / low >= WIDE
        return Axis(path, name, is_log=is_log and low > 0, low=low, high=high)
    listed = parameter if isinstance(parameter, list) else sorted(values, key=_order)
    words = dict.fromkeys(map(in_words, [*listed, *values]))
    used = {in_words(value) for value in values}
    return Axis(path, name, choices=tuple(word for word in words if word in used))


def _order(value: Any) -> tuple[float, str]:
    """Numbers by size, then everything else by its words."""
    number = finite(value)
    return (float("inf") if number is None else number, in_words(value))

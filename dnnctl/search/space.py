"""From a point in the unit cube to a setting, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, floor, log
from typing import Any

from dnnctl.specs.reading.load_sweep import Setting
from dnnctl.specs.sweep import Parameter, Range

DIGITS = 6
"""Real values are rounded to this number of significant digits, so that they can be read and typed again."""


def setting_at(parameters: Mapping[str, Any], point: Sequence[float]) -> Setting:
    """The setting at a point of the unit cube, which has a coordinate for each parameter."""
    return {path: value_at(parameter, float(u)) for (path, parameter), u in zip(parameters.items(), point, strict=True)}


def value_at(parameter: Parameter, u: float) -> Any:
    """The value at u in [0, 1].

    List of n: entry ⌊n·u⌋. Linear: a + u(b - a). Log: a·(b/a)^u. Whole numbers: ⌊·⌋ of the same over [a, b + 1).
    """
    if not isinstance(parameter, Range):
        return parameter[min(floor(u * len(parameter)), len(parameter) - 1)]
    low, high = parameter.low, parameter.high
    top = high + 1 if parameter.is_whole else high
    value = exp(log(low) + u * (log(top) - log(low))) if parameter.scale == "log" else low + u * (top - low)
    found = floor(value) if parameter.is_whole else float(f"{value:.{DIGITS}g}")
    return min(max(found, low), high) if parameter.is_whole else float(min(max(found, low), high))


def point_of(parameters: Mapping[str, Any], setting: Setting) -> list[float]:
    """The point of a setting whose parameters are all ranges; a whole number is in the middle of its interval."""
    return [_coordinate(parameter, setting[path]) for path, parameter in parameters.items()]


def _coordinate(parameter: Range, value: float) -> float:
    low, high = parameter.low, parameter.high
    if parameter.is_whole:
        value, high = value + 0.5, high + 1
    if parameter.scale == "log":
        return (log(value) - log(low)) / (log(high) - log(low))
    return (value - low) / (high - low)


def grid_values(parameter: Parameter) -> list[Any]:
    """The values of a parameter in a grid: those of a list, or evenly spaced ones of a range, including both ends."""
    if not isinstance(parameter, Range):
        return list(parameter)
    assert parameter.points != "none", "a grid with such a range is refused"
    n = parameter.points
    found = [_between(parameter, index / (n - 1) if n > 1 else 0.0) for index in range(n)]
    return list(dict.fromkeys(found))


def _between(parameter: Range, u: float) -> float:
    """The value at u in [0, 1], where 1 is the upper end itself."""
    low, high = parameter.low, parameter.high
    value = exp(log(low) + u * (log(high) - log(low))) if parameter.scale == "log" else low + u * (high - low)
    return round(value) if parameter.is_whole else float(f"{value:.{DIGITS}g}")

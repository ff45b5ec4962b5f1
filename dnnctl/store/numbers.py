"""Numbers as people read them."""

from __future__ import annotations


def format_number(value: float | None) -> str:
    """A metric: four digits behind the point, or an exponent where it is very small or large."""
    if value is None:
        return "—"
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e5 or value == 0 else f"{value:.3e}"


def format_seconds(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"

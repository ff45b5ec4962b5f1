"""One piece of advice about a finished training."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingAdvice:
    """What the curves of a training show, and what to change in its spec."""

    kind: str
    """`still_improving`, `overfitting`, `below_baseline` or `rate_at_floor`."""
    reason: str
    """One sentence."""
    changes: tuple[str, ...] = ()
    """The keys to change with their new values, as in `training.epochs: 40`; alternatives, if there are several."""
    places: tuple[str, ...] = ()
    """Where each key is in the file of the spec, as in `selu.yaml:12`; empty if this is not known."""

    def __str__(self) -> str:
        places = self.places or ("",) * len(self.changes)
        listed = [f"{each} ({place})" if place else each for each, place in zip(self.changes, places, strict=True)]
        return f"{self.reason} Change {' or '.join(listed)}" if listed else self.reason

"""What a sweep reports while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from dnnctl.store.facts import Row


@dataclass(frozen=True)
class SweepEvent:
    """Something that happened in a sweep."""

    event: ClassVar[str]

    def as_json(self) -> dict[str, Any]:
        """The event as a JSON object."""
        return {"event": self.event, **asdict(self)}


SweepReport = Callable[[SweepEvent], None]
"""Called with each event as it happens."""


@dataclass(frozen=True)
class SweepOpened(SweepEvent):
    """Everything is checked, and the trials that are already there are known."""

    event = "sweep_opened"
    sweep: str
    directory: str
    """The runs directory."""
    search: str
    """The kind of search."""
    parameters: tuple[str, ...]
    metrics: tuple[str, ...]
    """The objectives."""
    n_trials: int
    n_over: int
    """The trials that are already over."""
    workers: int
    """0 if their number is not known yet."""
    threads: int
    """Of each worker."""


@dataclass(frozen=True)
class TrialStarted(SweepEvent):
    """A worker has got a trial."""

    event = "trial_started"
    trial: int
    confirms: int | None
    """The number of the fresh seed, if the run confirms the trial."""
    run: str
    setting: dict[str, Any]
    based_on: str
    """The finished trials that the setting was chosen from."""
    is_resumed: bool


@dataclass(frozen=True)
class TrialEpochEnded(SweepEvent):
    """A trial has finished an epoch."""

    event = "trial_epoch_ended"
    trial: int
    confirms: int | None
    run: str
    row: Row


@dataclass(frozen=True)
class TrialEnded(SweepEvent):
    """A trial is over, or has failed."""

    event = "trial_ended"
    trial: int
    confirms: int | None
    run: str
    setting: dict[str, Any]
    state: str
    reason: str
    """Why it was stopped early, or has failed."""
    epochs: int
    values: dict[str, float | None]
    """The objectives at the best epoch."""
    is_best: bool
    """Whether it is the best trial so far, or on the Pareto front."""


@dataclass(frozen=True)
class WorkerLost(SweepEvent):
    """A worker was killed. Its trial is resumed by another one."""

    event = "worker_lost"
    trial: int
    confirms: int | None
    run: str
    code: int | None
    """Its exit code; negative for a signal. None for a worker on another machine."""


@dataclass(frozen=True)
class ConfirmationStarted(SweepEvent):
    """The best settings are trained again with fresh seeds."""

    event = "confirmation_started"
    trials: tuple[int, ...]
    """The best first."""
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class SweepEnded(SweepEvent):
    """Every trial is over."""

    event = "sweep_ended"
    sweep: str
    best: tuple[int, ...]
    """The number of the best trial, or those on the Pareto front."""
    claim: dict[str, Any] | None = None
    """What was confirmed with fresh seeds."""


def ignore(_event: SweepEvent) -> None:
    """Ignore an event."""

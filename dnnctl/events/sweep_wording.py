"""The events of a sweep in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dnnctl.events.sweep_event import (
    ConfirmationStarted,
    SweepEnded,
    SweepEvent,
    SweepOpened,
    TrialEnded,
    TrialEpochEnded,
    TrialStarted,
    WorkerLost,
)
from dnnctl.store.difference import in_words
from dnnctl.text import format_count, format_number


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """For each path as few of its last words as tell it from the others: `units`, or `1.units` and `2.units`."""
    known = list(paths)
    found = {}
    for path in known:
        parts = path.split(".")
        n = 2 if parts[-1] == "kind" and len(parts) > 1 else 1
        while n < len(parts) and sum(_has_ending(other, parts[-n:]) for other in known) > 1:
            n += 1
        found[path] = ".".join(parts[-n:])
    return found


def setting_in_words(setting: Mapping[str, Any]) -> str:
    """A setting on one line: `learning_rate 0.01, units 100`."""
    names = short_names(setting)
    return ", ".join(f"{names[path]} {in_words(value)}" for path, value in setting.items())


def trial_in_words(trial: int, confirms: int | None) -> str:
    """`trial 3`, or `trial 3, fresh seed 1`."""
    return f"trial {trial}" if confirms is None else f"trial {trial}, fresh seed {confirms}"


def death_in_words(code: int | None) -> str:
    """How a worker has ended, from its exit code."""
    if code is None:
        return "has died"
    return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"


def sweep_lines(event: SweepEvent) -> list[str]:
    """The event as lines of text; none for a start and for the end of an epoch."""
    return WORDINGS[type(event)](event)


def _has_ending(path: str, ending: list[str]) -> bool:
    return path.split(".")[-len(ending) :] == ending


def _opened(event: SweepOpened) -> list[str]:
    if event.n_over == event.n_trials:
        return [f"sweep {event.sweep}: all {format_count(event.n_trials, 'trial')} are over"]
    workers = f"{format_count(event.workers, 'worker')} with {format_count(event.threads, 'thread')} each"
    if not event.workers:
        workers = "workers join later"
    over = f", {event.n_over:,} of them over" if event.n_over else ""
    return [
        f"sweep {event.sweep}: {format_count(event.n_trials, 'trial')} by {event.search}{over}; {workers}",
        f"varies {', '.join(event.parameters)}; judged by {', '.join(event.metrics)}",
    ]


def _started(_event: TrialStarted) -> list[str]:
    return []


def _epoch(_event: TrialEpochEnded) -> list[str]:
    return []


def _ended(event: TrialEnded) -> list[str]:
    values = "  ".join(f"{metric} {format_number(value)}" for metric, value in event.values.items())
    best = "  best so far" if event.is_best and event.confirms is None else ""
    state = "" if event.state == "finished" else f"  {event.state} after {format_count(event.epochs, 'epoch')}"
    name = trial_in_words(event.trial, event.confirms)
    lines = [f"{name}  {values}  {setting_in_words(event.setting)}{state}{best}"]
    if event.reason:
        lines.append(f"    {event.reason.splitlines()[0]}")
    return lines


def _lost(event: WorkerLost) -> list[str]:
    how = death_in_words(event.code)
    return [f"the worker of {trial_in_words(event.trial, event.confirms)} {how}; another one resumes the trial"]


def _confirmation(event: ConfirmationStarted) -> list[str]:
    trials = ", ".join(map(str, event.trials))
    return [f"confirming trial{'s' * (len(event.trials) > 1)} {trials} with {len(event.seeds)} fresh seeds each"]


def _end(_event: SweepEnded) -> list[str]:
    return []


WORDINGS: dict[type[SweepEvent], Callable[[Any], list[str]]] = {
    SweepOpened: _opened,
    TrialStarted: _started,
    TrialEpochEnded: _epoch,
    TrialEnded: _ended,
    WorkerLost: _lost,
    ConfirmationStarted: _confirmation,
    SweepEnded: _end,
}

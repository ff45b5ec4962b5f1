"""The live display of a sweep: finished trials above, the trials that are trained and the progress below."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from dnnctl.cli.streams import output_optional
from dnnctl.cli.table import wrap_columns
from dnnctl.events.sweep_event import (
    SweepEnded,
    SweepEvent,
    SweepOpened,
    TrialEnded,
    TrialEpochEnded,
    TrialStarted,
    WorkerLost,
)
from dnnctl.events.sweep_wording import setting_in_words, sweep_lines, trial_in_words
from dnnctl.store.metrics import finite
from dnnctl.text import format_number, format_seconds, visible

BAR = 24


@dataclass
class _Running:
    """A trial that is being trained."""

    name: str
    setting: str
    epoch: int = 0
    values: str = ""

    def line(self) -> str:
        progress = f"epoch {self.epoch}  {self.values}" if self.epoch else "starting"
        return f"  {self.name}  {progress}  {self.setting}"


@dataclass
class LiveSweepDisplay:
    """Shows a sweep while it runs.

    Args:
        started: when it started, by the monotonic clock.
    """

    started: float
    console: Console = field(default_factory=lambda: Console(highlight=False))
    running: dict[str, _Running] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    n_trials: int = 0
    n_over: int = 0
    n_before: int = 0
    best: str = ""

    def __post_init__(self) -> None:
        self.live = Live(Group(), console=self.console, transient=True, auto_refresh=False)

    def __enter__(self) -> Self:
        self.live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        with output_optional():
            self.live.__exit__(None, None, None)

    def show(self, event: SweepEvent) -> None:
        """Show the event."""
        with output_optional():
            self._note(event)
            for line in sweep_lines(event):
                self._print(line, style="green" if isinstance(event, TrialEnded) and event.is_best else "")
            self._refresh()

    def notify(self, text: str) -> None:
        """Print the sentence above."""
        with output_optional():
            self._print(text)

    def _print(self, line: str, *, style: str = "") -> None:
        self.console.print(Text("\n".join(wrap_columns(visible(line), self.console.width)), style=style))

    def _note(self, event: SweepEvent) -> None:
        """Remember what an event changes."""
        if isinstance(event, SweepOpened):
            self.metrics, self.n_trials = event.metrics, event.n_trials
            self.n_over = self.n_before = event.n_over
        elif isinstance(event, TrialStarted):
            name = trial_in_words(event.trial, event.confirms)
            self.running[event.run] = _Running(name, setting_in_words(event.setting))
        elif isinstance(event, TrialEpochEnded) and event.run in self.running:
            trial = self.running[event.run]
            trial.epoch = event.row["epoch"]
            trial.values = "  ".join(f"{name} {format_number(finite(event.row.get(name)))}" for name in self.metrics)
        elif isinstance(event, TrialEnded):
            self.running.pop(event.run, None)
            self.n_over += event.confirms is None
            if event.is_best and event.confirms is None:
                values = "  ".join(f"{name} {format_number(value)}" for name, value in event.values.items())
                self.best = f"  best: trial {event.trial}  {values}"
        elif isinstance(event, WorkerLost):
            self.running.pop(event.run, None)
        elif isinstance(event, SweepEnded):
            self.running.clear()

    def below(self) -> list[str]:
        """The lines below: the trials that are trained, the progress and the best trial; none if nothing is trained."""
        if not self.running:
            return []
        lines = [*(trial.line() for trial in self.running.values()), self._progress(), self.best]
        return [visible(line)[: self.console.width] for line in lines if line]

    def _refresh(self) -> None:
        self.live.update(Group(*map(Text, self.below())), refresh=True)

    def _progress(self) -> str:
        filled = round(BAR * self.n_over / max(self.n_trials, 1))
        elapsed = time.monotonic() - self.started
        n_new = self.n_over - self.n_before
        left = f"  about {format_seconds(elapsed / n_new * (self.n_trials - self.n_over))} left" if n_new else ""
        return f"  {'━' * filled}{'─' * (BAR - filled)}  {self.n_over} of {self.n_trials} trials{left}"

"""The live display of training on a terminal: finished epochs above, progress and a curve below."""

from __future__ import annotations

import re
import time
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from dnnctl.cli.display import closing_lines
from dnnctl.cli.streams import output_optional
from dnnctl.cli.table import wrap_columns
from dnnctl.events.event import (
    DataReady,
    Downloading,
    EpochEnded,
    Event,
    ModelReady,
    PretrainingStarted,
    ReadingFiles,
    RolledBack,
    RunEnded,
    RunOpened,
    RunStopped,
    StepsDone,
)
from dnnctl.events.wording import Wording
from dnnctl.store.metrics import format_metrics
from dnnctl.text import format_number, visible

BLOCKS = "▁▂▃▄▅▆▇█"
MAX_CURVE = 60
"""Spaces between two columns, and before the columns of continuation lines."""


class LiveDisplay:
    """Shows a run while it is trained."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self.wording = Wording(self.console.width)
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
        )
        self.downloads = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), console=self.console
        )
        self.metrics = Text("", style="cyan")
        self.curve = Text("")
        self.values: list[float] = []
        self.curve_name = "loss"
        self.task = self.progress.add_task("loading TensorFlow", total=None, rate="", visible=False)
        self.live = Live(
            Group(self.downloads, self.progress, self.metrics, self.curve), console=self.console, transient=True
        )
        self.path = ""
        self.model: ModelReady | None = None
        self.pretraining: PretrainingStarted | None = None
        self.started = time.monotonic()

    def __enter__(self) -> Self:
        self.live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        with output_optional():
            self.live.__exit__(None, None, None)

    def show(self, event: Event) -> None:
        """Show the event. If the terminal is closed, training continues and lines only go to log.txt."""
        with output_optional():
            self._show(event)

    def _show(self, event: Event) -> None:
        if isinstance(event, RunEnded | RunStopped):
            self.live.stop()
        if isinstance(event, RunStopped):
            return  # the command prints the reason
        for line in self.wording.lines(event):
            self._print(event, line)
        if isinstance(event, RunOpened):
            self.path = event.path
            self.progress.update(self.task, visible=True)
            self.live.refresh()
        elif isinstance(event, Downloading):
            self._show_bytes(visible(event.file), event)
        elif isinstance(event, ReadingFiles):
            self._show_bytes(f"reading {visible(event.folder)}", event)
        elif isinstance(event, DataReady):
            self.progress.update(self.task, description="building the network")
        elif isinstance(event, ModelReady):
            self.model = event
            total = event.epochs * event.steps_per_epoch
            self.progress.reset(self.task, total=total, description="compiling the first step")
        elif isinstance(event, PretrainingStarted):
            self.pretraining = event
            self.progress.reset(self.task, total=event.epochs * event.steps_per_epoch, description="pretraining")
        elif isinstance(event, StepsDone):
            self._show_steps(event)
        elif isinstance(event, EpochEnded):
            self._draw_curve(event)
        elif isinstance(event, RolledBack):
            self.values, self.curve.plain = [], ""
        elif isinstance(event, RunEnded):
            for line in closing_lines(self.path):
                self.console.print(Text(visible(line), style="dim"))

    def _print(self, event: Event, line: str) -> None:
        style = "bold" if isinstance(event, RunOpened | RunEnded) else ""
        if isinstance(event, EpochEnded) and event.is_best:
            style = "green"
        if isinstance(event, EpochEnded):
            line = fit_epoch(line, self.console.width - (0 if event.is_best else len("  best")))
        self.console.print(Text("\n".join(wrap_columns(visible(line), self.console.width)), style=style))

    def _show_bytes(self, what: str, event: Downloading | ReadingFiles) -> None:
        known = {task.description: task.id for task in self.downloads.tasks}
        total = event.bytes_total or None
        task = known.get(what)
        if task is None:
            task = self.downloads.add_task(what, total=total)
        self.downloads.update(task, completed=event.bytes_done, total=total)

    def _show_steps(self, event: StepsDone) -> None:
        assert self.model is not None
        if event.stage == "pretraining" and self.pretraining is not None:
            what, epochs, steps = "pretraining epoch", self.pretraining.epochs, self.pretraining.steps_per_epoch
        else:
            what, epochs, steps = "epoch", self.model.epochs, self.model.steps_per_epoch
            if self.pretraining is not None:
                self.pretraining = None
                self.progress.reset(self.task, total=epochs * steps)
        done = (event.epoch - 1) * steps + event.step
        speed = self.progress.tasks[0].speed
        self.progress.update(
            self.task,
            completed=done,
            description=f"{what} {event.epoch}/{epochs}",
            rate=f"{speed:,.0f} steps/s" if speed else "",
        )
        self.metrics.plain = "\n".join(wrap_columns(f"  {visible(format_metrics(event.metrics))}", self.console.width))

    def _draw_curve(self, event: EpochEnded) -> None:
        if "val_loss" in event.row and self.curve_name != "val_loss":
            self.curve_name, self.values = "val_loss", []
        if self.curve_name not in event.row:
            return
        self.values.append(float(event.row[self.curve_name]))
        self.curve.plain = f"  {self.curve_name} {sparkline(self.values[-MAX_CURVE:])} {format_number(self.values[-1])}"


def fit_epoch(line: str, width: int) -> str:
    """The line of an epoch, where needed without its rate and its metrics of training. They are in metrics.jsonl."""
    columns = re.findall(r"\s*\S+(?: \S+)*", line)
    names = [column.split()[0] for column in columns]
    of_training = [name for name in names if f"val_{name}" in names]
    for name in ["rate", *(name for name in of_training if name != "loss"), *of_training]:
        if len("".join(columns)) > width and name in names:
            del columns[names.index(name)], names[names.index(name)]
    return "".join(columns)


def sparkline(values: list[float]) -> str:
    """The values as a row of block characters, scaled from the smallest to the largest."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(BLOCKS[round((value - low) / span * (len(BLOCKS) - 1))] for value in values)

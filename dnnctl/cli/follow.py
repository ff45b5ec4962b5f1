"""`dnnctl show --follow`: a run while another process trains it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from dnnctl.cli.choose_display import is_live
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.table import terminal_width, wrap_text
from dnnctl.commands.follow import follow, planned_epochs
from dnnctl.events.event import EpochEnded, Event, RunEnded, RunStopped
from dnnctl.events.wording import Wording
from dnnctl.store.files import finite_only
from dnnctl.store.record import RunRecord
from dnnctl.text import format_count, visible

N_BEFORE = 10
"""The maximum number of finished epochs that are printed first."""


def follow_run(run: RunRecord, *, as_json: bool) -> None:
    """Print each epoch of a run as it ends, and how the run ends. Ctrl-C ends only the display."""
    with suppress(KeyboardInterrupt):
        if as_json:
            for event in follow(run):
                print_json(finite_only(event.as_json()))
            return
        print_text(wrap_text(_opening(run), terminal_width()))
        events = follow(run, n_before=N_BEFORE)
        _print_end(_print_live(run, events) if is_live() else _print_plain(run, events))


def _opening(run: RunRecord) -> str:
    n_left_out = max(0, len(run.rows) - N_BEFORE)
    rest = f"; the last {N_BEFORE} of them:" if n_left_out else ""
    return f"run {run.id}, {run.status} after {format_count(run.epochs, 'epoch')}{rest}"


def _print_plain(run: RunRecord, events: Iterator[Event]) -> Event:
    """Print one line for each epoch; return the last event."""
    wording = Wording()
    wording.epochs = planned_epochs(run)
    for event in events:
        if isinstance(event, RunStopped):
            break
        for line in wording.lines(event):
            print_text(visible(line))
    return event


def _print_live(run: RunRecord, events: Iterator[Event]) -> Event:
    """Show finished epochs above progress and a curve, as training does; return the last event."""
    from dnnctl.cli.live import LiveDisplay

    epochs = planned_epochs(run)
    display = LiveDisplay()
    display.wording.epochs, display.path = epochs, str(run.path)
    display.progress.reset(
        display.task, total=epochs or None, completed=run.epochs, description="waiting for an epoch", visible=True
    )
    with display:
        for event in events:
            display.show(event)
            if isinstance(event, EpochEnded) and event.row["epoch"] >= run.epochs:
                epoch = event.row["epoch"]
                display.progress.update(display.task, completed=epoch, description=f"epoch {epoch}/{epochs}")
    return event


def _print_end(event: Event) -> None:
    """Print why a run has not finished, and the exit code of its process."""
    if isinstance(event, RunEnded):
        print_text("exit code: 0")
    if isinstance(event, RunStopped):
        reason = f": {event.reason}" if event.reason else ""
        print_text(wrap_text(f"{event.status}{reason}", terminal_width()))
        print_text(f"exit code: {'unknown' if event.exit_code is None else event.exit_code}")

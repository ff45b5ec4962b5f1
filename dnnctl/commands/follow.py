"""`show --follow`: what happens to a run that another process trains, from its files. Nothing is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from dnnctl.advice.training import advise
from dnnctl.events.event import EpochEnded, Event, PretrainingEpochEnded, RolledBack, RunEnded, RunStopped
from dnnctl.store.columns import spec_value
from dnnctl.store.facts import HistoryEntry, Row
from dnnctl.store.metrics import finite, is_less_better
from dnnctl.store.record import RunRecord, Status
from dnnctl.store.row_tail import RowTail

INTERVAL = 0.5
"""The seconds between two looks at the files."""
LOST = "its process has ended without a record: it was killed, or the machine has crashed"
GONE = "its folder was removed or moved"


def follow(
    run: RunRecord, *, n_before: int | None = None, wait: Callable[[float], None] = time.sleep
) -> Iterator[Event]:
    """The finished epochs of a run, each as soon as it is finished, and then how the run ended.

    Args:
        n_before: the maximum number of epochs that were finished before; None for all.
        wait: called with a number of seconds before the files are read again.
    """
    pretraining, metrics, marks = RowTail(run.folder.pretraining), RowTail(run.folder.metrics), _BestMarks(run)
    is_first, n_roll_backs = True, len(run.roll_backs)
    while True:
        now = RunRecord(run.folder)
        is_running = now.status is Status.RUNNING  # before the rows, so that none is missed
        found: list[Event] = [_roll_back(entry, now) for entry in now.roll_backs[n_roll_backs:]]
        for entry in now.roll_backs[n_roll_backs:]:
            marks.go_back(entry.initial_epoch or 0)
        n_roll_backs = len(now.roll_backs)
        found += [PretrainingEpochEnded(row) for row in pretraining.new_rows()]
        found += marks.mark(metrics.new_rows())
        yield from found[max(0, len(found) - n_before) :] if is_first and n_before is not None else found
        is_first = False
        if not is_running:
            break
        wait(INTERVAL)
    yield _end(RunRecord(run.folder))


def planned_epochs(run: RunRecord) -> int:
    """The number of epochs that the spec of a run asks for; 0 if it is damaged."""
    found = spec_value(run.spec, "training.epochs")
    return found if isinstance(found, int) else 0


class _BestMarks:
    """Finds out which epochs were the best so far. An epoch that a resumed run trains again is reported once."""

    def __init__(self, run: RunRecord) -> None:
        self.run = run
        self.monitor = ""
        self.best: float | None = None
        self.epoch = 0

    def go_back(self, epoch: int) -> None:
        """Report the epochs after this one again."""
        self.epoch = min(self.epoch, epoch)

    def mark(self, rows: list[Row]) -> list[EpochEnded]:
        """The epochs of new rows."""
        new = [row for row in rows if row["epoch"] > self.epoch]
        if new and not self.monitor:
            self.monitor = RunRecord(self.run.folder).monitor
        return [EpochEnded(row, is_best=self._is_best(row)) for row in new]

    def _is_best(self, row: Row) -> bool:
        self.epoch = row["epoch"]
        value = finite(row.get(self.monitor))
        if value is None:
            return False
        is_best = self.best is None or (value < self.best if is_less_better(self.monitor) else value > self.best)
        self.best = value if is_best else self.best
        return is_best


def _roll_back(entry: HistoryEntry, run: RunRecord) -> RolledBack:
    number, times = entry.number or 0, spec_value(run.spec, "training.on_divergence.times")
    return RolledBack(
        reason=entry.reason or "",
        checkpoint=entry.checkpoint or "",
        initial_epoch=entry.initial_epoch or 0,
        step=entry.step or 0,
        number=number,
        times=times if isinstance(times, int) else number,
        factor=finite(entry.factor) or 1.0,
    )


def _end(run: RunRecord) -> Event:
    if run.status.is_complete and run.summary is not None:
        return RunEnded(run.summary, advise(run))
    if not run.path.is_dir():
        return RunStopped(run.id, str(run.path), str(Status.DAMAGED), GONE)
    last = run.last_training
    if run.status is Status.LOST or last is None:
        return RunStopped(run.id, str(run.path), str(run.status), LOST if run.status is Status.LOST else "")
    return RunStopped(run.id, str(run.path), str(run.status), last.reason or "", last.exit_code)

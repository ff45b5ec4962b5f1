"""A run that another process trains, seen through its files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dnnctl.commands.follow import GONE, LOST, follow
from dnnctl.events.event import EpochEnded, Event, PretrainingEpochEnded, RolledBack, RunEnded, RunStopped
from dnnctl.store.blueprint import Blueprint
from dnnctl.store.facts import HistoryEntry, Summary
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter
from stored import store_run


def row(epoch: int, loss: float, **more: Any) -> dict[str, Any]:
    return {"epoch": epoch, "step": epoch, "seconds": 0.1, "learning_rate": 0.1, "loss": loss, **more}


class Training:
    """A training whose next step is taken whenever the follower waits."""

    def __init__(self, directory: Path, steps: Any) -> None:
        self.open = RunWriter.create(directory, Blueprint("net", "beef", "", ""))
        self.writer = self.open.__enter__()
        self.run = self.writer.read()
        self.steps: Iterator[Any] = steps(self.writer)
        self.is_open = True

    def advance(self, _seconds: float) -> None:
        assert self.is_open, "the follower waits for a run that has ended"
        if next(self.steps, "end") == "end":
            self.is_open = False
            self.open.__exit__(None, None, None)

    def events(self, **options: Any) -> list[Event]:
        return list(follow(self.run, wait=self.advance, **options))


def test_every_epoch_is_reported_once_and_the_best_ones_are_marked(tmp_path: Path) -> None:
    def steps(writer: RunWriter) -> Iterator[None]:
        writer.append_row(row(1, 0.9, part="dense_1"), "pretraining")
        yield
        for epoch, loss in ((1, 0.5), (2, 0.6)):
            writer.append_row(row(epoch, loss))
        yield
        yield
        writer.append_row(row(3, 0.4))
        writer.write_summary(Summary(3, "loss", best_epoch=3))

    events = Training(tmp_path, steps).events()
    assert [type(event) for event in events] == [PretrainingEpochEnded, EpochEnded, EpochEnded, EpochEnded, RunEnded]
    marks = [(event.row["epoch"], event.is_best) for event in events if isinstance(event, EpochEnded)]
    assert marks == [(1, True), (2, False), (3, True)]


def test_epochs_after_a_roll_back_are_reported_again(tmp_path: Path) -> None:
    """A roll-back from before the follower looked is not news."""

    def steps(writer: RunWriter) -> Iterator[None]:
        for epoch in (1, 2, 3):
            writer.append_row(row(epoch, 0.5))
        yield
        writer.add_history(roll_back(2, 1))
        yield
        writer.replace_rows([row(1, 0.5)])
        yield
        writer.append_row(row(2, 0.4))

    def roll_back(number: int, epoch: int) -> HistoryEntry:
        return HistoryEntry("rolled_back", reason="x", checkpoint="c", initial_epoch=epoch, number=number, factor=0.5)

    training = Training(tmp_path, steps)
    training.writer.add_history(roll_back(1, 0))
    training.run = training.writer.read()
    events = training.events()
    seen = [event.row["epoch"] if isinstance(event, EpochEnded) else type(event) for event in events]
    assert seen == [1, 2, 3, RolledBack, 2, RunStopped]
    (event,) = (event for event in events if isinstance(event, RolledBack))
    assert (event.number, event.initial_epoch, event.factor) == (2, 1, 0.5)


def test_epochs_that_a_resumed_run_trains_again_are_not_repeated(tmp_path: Path) -> None:
    def steps(writer: RunWriter) -> Iterator[None]:
        for epoch in (1, 2, 3):
            writer.append_row(row(epoch, 0.5))
        yield
        writer.replace_rows([row(1, 0.5)])
        yield
        for epoch in (2, 3, 4):
            writer.append_row(row(epoch, 0.5))

    events = Training(tmp_path, steps).events()
    assert [event.row["epoch"] for event in events if isinstance(event, EpochEnded)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("entry", "status", "reason", "code"),
    [
        (HistoryEntry("ended", end="diverged", reason="loss is NaN", exit_code=3), "diverged", "loss is NaN", 3),
        (HistoryEntry("ended", end="interrupted", reason="by SIGTERM"), "interrupted", "by SIGTERM", None),
        (HistoryEntry("started"), "lost", LOST, None),
        (None, "lost", LOST, None),
    ],
)
def test_a_run_that_does_not_finish_ends_with_its_reason(
    entry: HistoryEntry | None, status: str, reason: str, code: int | None, tmp_path: Path
) -> None:
    def steps(writer: RunWriter) -> Iterator[None]:
        yield
        if entry is not None:
            writer.add_history(entry)

    (event,) = Training(tmp_path, steps).events()
    assert isinstance(event, RunStopped)
    assert (event.status, event.reason, event.exit_code) == (status, reason, code)


def test_a_run_whose_folder_is_removed_ends(tmp_path: Path) -> None:
    def steps(writer: RunWriter) -> Iterator[None]:
        yield
        shutil.rmtree(writer.folder.path)

    (event,) = Training(tmp_path, steps).events()
    assert isinstance(event, RunStopped)
    assert event.reason == GONE


def test_of_the_epochs_before_only_the_last_are_reported(tmp_path: Path) -> None:
    run: RunRecord = store_run(tmp_path, epochs=5)
    events = list(follow(run, n_before=2))
    assert [event.row["epoch"] for event in events if isinstance(event, EpochEnded)] == [4, 5]
    assert isinstance(events[-1], RunEnded)

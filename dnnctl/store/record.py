"""A run on disk: its facts, progress and status, all derived from its files."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Self

from dnnctl.errors import RunError
from dnnctl.store.facts import FileSeal, HistoryEntry, Row, RunFacts, Summary
from dnnctl.store.files import open_to_read, read_json_lines
from dnnctl.store.folder import RunFolder
from dnnctl.store.json_object import parse_object, read_object
from dnnctl.store.labels import Labels
from dnnctl.store.layer_statistics import Measurement, measurements_in
from dnnctl.store.lock import is_held
from dnnctl.store.metrics import format_metrics, is_less_better
from dnnctl.store.ownership import find_links
from dnnctl.store.seal import ALTERED, change_of, has_own_seal, name_of
from dnnctl.text import format_count, visible

MAX_CURVE = 4000
MAX_EPOCH = 2**31
"""Rows of this epoch or a later one are damaged."""
TIME = "%Y%m%d-%H%M%S"
ID = re.compile(r"(?P<time>\d{8}-\d{6})-(?P<name>.+)-[0-9a-f]{4}")
MAX_DAMAGES_SHOWN = 3
EXPORTED = "exported"
"""The event of an export in history.jsonl."""
ROLLED_BACK = "rolled_back"
"""The event of a roll-back in history.jsonl."""


class Status(StrEnum):
    """The status of a run."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED_EARLY = "stopped early"
    INTERRUPTED = "interrupted"
    DIVERGED = "diverged"
    FAILED = "failed"
    LOST = "lost"
    DAMAGED = "damaged"

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to train."""
        return self in (Status.FINISHED, Status.STOPPED_EARLY)


@dataclass(frozen=True)
class RunRecord:
    """One run, as it was when it was read: each file is read once, when it is first needed."""

    folder: RunFolder

    def __repr__(self) -> str:
        """For people: `Run 20261124-145308-iris-30aa, finished: 100 epochs, test loss 0.2304  accuracy 0.9667`."""
        test = self.summary.measured("test") if self.summary is not None else {}
        results = f", test {format_metrics(test)}" if test else ""
        return f"Run {visible(self.id)}, {self.status}: {format_count(self.epochs, 'epoch')}{visible(results)}"

    @classmethod
    def at(cls, path: Path) -> Self:
        """The run in a folder."""
        return cls(RunFolder(path))

    @property
    def id(self) -> str:
        """The run's id."""
        return self.folder.id

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.folder.path

    @property
    def facts(self) -> RunFacts:
        """The contents of run.json: command, versions, device, digests. Damaged fields have their defaults."""
        return self._facts[0]

    @property
    def summary(self) -> Summary | None:
        """The result; None until the run is finished, or if the file is damaged."""
        return self._summary[0]

    @property
    def damages(self) -> list[str]:
        """What is wrong with the run's files, with the name of each file and field; empty if they are intact."""
        found = (self._facts, self._summary, self._rows, self._pretraining, self._probe, self._history, self._labels)
        return [*(damage for _, damages in found for damage in damages), *find_links(self.path)]

    @cached_property
    def altered(self) -> dict[str, str]:
        """What has happened to the files of its results since training, by name; its models are not read.

        Empty for runs that are unfinished, or that were trained by a version that did not seal them.
        """
        folder = self.folder
        inputs, results = (folder.run, folder.spec, folder.encoding), (folder.metrics, folder.pretraining, folder.probe)
        files = (*inputs, *results, folder.predictions)
        found = {name_of(path, folder): self.change_of(path) for path in files}
        if not self._has_sealed_summary:
            found[folder.summary.name] = ALTERED
        return {name: change for name, change in found.items() if change is not None}

    def change_of(self, path: Path, *, max_bytes: int | None = None) -> str | None:
        """What has happened to one of its files since training; None if nothing has, or if the run is not sealed.

        Args:
            max_bytes: only the size of larger files is compared.
        """
        name = name_of(path, self.folder)
        if self.summary is None or name not in self.summary.files:
            return None
        recorded, _ = parse_object(self.summary.files[name], FileSeal, what=name)
        return ALTERED if recorded is None else change_of(path, recorded, max_bytes=max_bytes)

    @property
    def is_readable(self) -> bool:
        """Whether anything in run.json could be read."""
        return self.facts != RunFacts()

    @property
    def labels(self) -> Labels:
        """What a user has said about the run: another name, tags, a note."""
        return self._labels[0]

    @property
    def label_damages(self) -> list[str]:
        """What is wrong with labels.json; empty if it is intact or missing."""
        return self._labels[1]

    @property
    def name(self) -> str:
        """Its name: the one that it was renamed to, or else the one in its spec."""
        return self.labels.name or self.first_name

    @property
    def first_name(self) -> str:
        """The name in its spec. It is part of the id, so no file is read."""
        match = ID.fullmatch(self.id)
        return match["name"] if match else self.facts.name

    @property
    def created(self) -> str:
        """The time when the run was created, in ISO 8601."""
        return self.facts.created

    @property
    def age(self) -> float:
        """The seconds since the run was created, from its id."""
        match = ID.fullmatch(self.id)
        made = datetime.strptime(match["time"], TIME) if match else datetime.fromtimestamp(self.path.stat().st_mtime)
        return (datetime.now() - made).total_seconds()

    @property
    def rows(self) -> list[Row]:
        """The metrics, one row for each epoch; damaged rows are left out."""
        return self._rows[0]

    @property
    def pretraining(self) -> list[Row]:
        """The rows of its pretraining; empty without pretraining."""
        return self._pretraining[0]

    @property
    def probe_rows(self) -> list[Row]:
        """What was measured in its layers, a row for each layer and probed epoch; empty without `training.probe`."""
        return self._probe[0]

    @cached_property
    def probed(self) -> list[Measurement]:
        """The same, as a measurement for each probed epoch."""
        return measurements_in(self.probe_rows)

    @property
    def history(self) -> list[HistoryEntry]:
        """The starts and ends of its training, and its exports."""
        return self._history[0]

    @property
    def last_training(self) -> HistoryEntry | None:
        """The newest entry of its history that is about training, not about an export."""
        return next((entry for entry in reversed(self.history) if entry.event != EXPORTED), None)

    @property
    def roll_backs(self) -> list[HistoryEntry]:
        """The roll-backs of its training, in order. One that a killed process had begun is recorded again."""
        return list({entry.number: entry for entry in self.history if entry.event == ROLLED_BACK}.values())

    @cached_property
    def status(self) -> Status:
        """The status, from the lock, the summary, or the last recorded end; if there is none of them, `lost`."""
        is_running = self.summary is None and is_held(self.folder.lock)
        return Status.RUNNING if is_running else last_end(self)

    @property
    def epochs(self) -> int:
        """The number of finished epochs."""
        if self.summary is not None:
            return self.summary.epochs
        return int(self.rows[-1]["epoch"]) if self.rows else 0

    @property
    def spec(self) -> dict[str, Any]:
        """Its complete spec as plain values."""
        return dict(self.facts.spec)

    @cached_property
    def best(self) -> Row:
        """The row of its best epoch by the monitored metric; empty before the first epoch ends."""
        if self.summary is not None:
            return dict(self.summary.best)
        rows = [row for row in self.rows if isinstance(row.get(self.monitor), int | float)]
        if not rows:
            return {}
        choose = min if is_less_better(self.monitor) else max
        return dict(choose(rows, key=lambda row: row[self.monitor]))

    @property
    def monitor(self) -> str:
        """The metric that chooses its best epoch: the one that early stopping monitors, or else the loss."""
        if self.summary is not None:
            return self.summary.monitor
        training = self.spec.get("training")
        stopping = training.get("early_stopping") if isinstance(training, dict) else None
        if isinstance(stopping, dict):
            return str(stopping.get("monitor", "val_loss"))
        return "val_loss" if any("val_loss" in row for row in self.rows) else "loss"

    @property
    def n_bytes(self) -> int:
        """The size of its folder, in bytes."""
        return sum(entry.stat().st_size for entry in self.path.rglob("*") if entry.is_file())

    @cached_property
    def curve(self) -> list[Row]:
        """At most a few thousand evenly spaced rows, including the last: fast even for a million epochs."""
        try:
            file = open_to_read(self.folder.metrics)
        except OSError:
            return []
        rows: list[Row] = []
        with file:
            size = os.fstat(file.fileno()).st_size
            last = first = file.readline()
            stride = max(1, size // (max(1, len(first)) * MAX_CURVE))
            lines = chain([first], file)
            for number, line in enumerate(lines):
                last = line
                if number % stride == 0:
                    rows += _row(line)
        tail = _row(last)
        return rows if not tail or rows[-1:] == tail else [*rows, *tail]

    @cached_property
    def _facts(self) -> tuple[RunFacts, list[str]]:
        found, damages = read_object(self.folder.run, RunFacts)
        return found or RunFacts(), damages

    @cached_property
    def _summary(self) -> tuple[Summary | None, list[str]]:
        if self.folder.summary.exists():
            return read_object(self.folder.summary, Summary)
        is_lost = any(entry.seal is not None for entry in self.history)
        return None, [f"{self.folder.summary.name} is missing, although training has written it"] if is_lost else []

    @cached_property
    def _labels(self) -> tuple[Labels, list[str]]:
        if not self.folder.labels.exists():
            return Labels(), []
        found, damages = read_object(self.folder.labels, Labels)
        return found or Labels(), damages

    @property
    def _has_sealed_summary(self) -> bool:
        """Whether summary.json is as it was written, or was never sealed."""
        if self.summary is None:
            return True
        recorded = {entry.seal for entry in self.history if entry.seal is not None}
        own = self.summary.seal
        return recorded <= {own} and (own is None or has_own_seal(self.folder.summary, own))

    @cached_property
    def _rows(self) -> tuple[list[Row], list[str]]:
        return _read_rows(self.folder.metrics)

    @cached_property
    def _pretraining(self) -> tuple[list[Row], list[str]]:
        return _read_rows(self.folder.pretraining)

    @cached_property
    def _probe(self) -> tuple[list[Row], list[str]]:
        return _read_rows(self.folder.probe)

    @cached_property
    def _history(self) -> tuple[list[HistoryEntry], list[str]]:
        rows, damages = _read_lines(self.folder.history)
        entries = []
        for number, row in enumerate(rows, 1):
            entry, found = parse_object(row, HistoryEntry, what=f"{self.folder.history.name}:{number}")
            damages += found
            if entry is not None:
                entries.append(entry)
        return entries, damages


def last_end(run: RunRecord) -> Status:
    """The status of a run that no process is training."""
    if not run.is_readable or (run.folder.summary.exists() and run.summary is None):
        return Status.DAMAGED
    if run.summary is not None:
        return Status.STOPPED_EARLY if run.summary.stopped_early else Status.FINISHED
    end = run.last_training.end if run.last_training else None
    found = Status(end) if end in list(Status) else Status.LOST
    return Status.DAMAGED if found.is_complete else found


def check_sound(run: RunRecord) -> None:
    """Check that a run's files can be used.

    Raises:
        RunError: a file is damaged.
    """
    if run.damages:
        shown = "; ".join(run.damages[:MAX_DAMAGES_SHOWN])
        more = f"; and {len(run.damages) - MAX_DAMAGES_SHOWN} more" if len(run.damages) > MAX_DAMAGES_SHOWN else ""
        raise RunError(f"{run.id} is damaged: {shown}{more}.")


def _read_lines(path: Path) -> tuple[list[Any], list[str]]:
    try:
        return read_json_lines(path), []
    except (OSError, ValueError, RecursionError) as error:
        return [], [f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}"]


def _read_rows(path: Path) -> tuple[list[Row], list[str]]:
    lines, damages = _read_lines(path)
    rows = [row for row in lines if is_row(row)]
    if len(rows) < len(lines):
        damages.append(f"{path.name}: {len(lines) - len(rows)} of {len(lines)} rows are damaged")
    return rows, damages


def is_row(row: Any) -> bool:
    """Whether a line is an epoch's row: an object with an epoch number and without lists or objects."""
    return (
        isinstance(row, dict)
        and type(row.get("epoch")) is int
        and 0 <= row["epoch"] < MAX_EPOCH
        and not any(isinstance(value, dict | list) for value in row.values())
    )


def _row(line: bytes) -> list[Row]:
    """The row on a line of metrics.jsonl; empty if the line is cut off or damaged."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return []
    return [row] if is_row(row) else []

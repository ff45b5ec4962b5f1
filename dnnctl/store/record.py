"""A run as it lies on disk: what it is, how far it came, and how it stands, all derived from its files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, Self

from dnnctl.errors import RunError
from dnnctl.store.files import read_json_lines
from dnnctl.store.folder import RunFolder
from dnnctl.store.lock import is_held
from dnnctl.store.metrics import is_less_better

MAX_CURVE = 4000
SECTIONS = ("spec", "device", "data", "compile", "versions", "parent", "git", "reuse", "pruned")
"""What run.json holds mappings under."""
TIME = "%Y%m%d-%H%M%S"
ID = re.compile(r"(?P<time>\d{8}-\d{6})-(?P<name>.+)-[0-9a-f]{4}")


class Status(StrEnum):
    """How a run stands."""

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
    """One run, read from its folder."""

    folder: RunFolder

    @classmethod
    def at(cls, path: Path) -> Self:
        """The run whose folder that is."""
        return cls(RunFolder(path))

    @property
    def id(self) -> str:
        """The run's id."""
        return self.folder.id

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.folder.path

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What run.json says: command, versions, device, digests; empty if the file is damaged."""
        found = _read_object(self.folder.run)
        is_whole = all(isinstance(found.get(name) or {}, dict) for name in SECTIONS)
        return found if is_whole else {}

    @property
    def name(self) -> str:
        """The name its spec gives it, which is in its id: no file is read for it."""
        match = ID.fullmatch(self.id)
        return match["name"] if match else str(self.facts.get("name", ""))

    @property
    def created(self) -> str:
        """When it was made, in ISO 8601."""
        return str(self.facts.get("created", ""))

    @property
    def age(self) -> float:
        """How many seconds ago it was made, by its id."""
        match = ID.fullmatch(self.id)
        made = datetime.strptime(match["time"], TIME) if match else datetime.fromtimestamp(self.path.stat().st_mtime)
        return (datetime.now() - made).total_seconds()

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The result; empty until the run has finished, and if the file is damaged."""
        found = _read_object(self.folder.summary)
        is_whole = isinstance(found.get("epochs"), int) and isinstance(found.get("monitor"), str)
        return found if is_whole else {}

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The metrics, a row for each epoch; none if the file is damaged."""
        return _objects(self.folder.metrics)

    @cached_property
    def pretraining(self) -> list[dict[str, Any]]:
        """The rows of its pretraining; none if there was none, or the file is damaged."""
        return _objects(self.folder.pretraining)

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """The starts and ends of its training."""
        return _objects(self.folder.history)

    @cached_property
    def status(self) -> Status:
        """How it stands: a held lock, a summary, or the last end on record; with none of them it is lost."""
        is_running = not self.summary and is_held(self.folder.lock)
        return Status.RUNNING if is_running else last_end(self)

    @property
    def epochs(self) -> int:
        """How many epochs it has finished."""
        if self.summary:
            return int(self.summary["epochs"])
        return int(self.rows[-1]["epoch"]) if self.rows else 0

    @property
    def spec(self) -> dict[str, Any]:
        """Its complete spec as plain values."""
        return dict(self.facts.get("spec") or {})

    @property
    def metrics(self) -> Any:
        """The metrics, a row for each epoch: a DataFrame where pandas is installed, else a list of dicts."""
        try:
            pandas = import_module("pandas")
        except ImportError:
            return self.rows
        return pandas.DataFrame(self.rows)

    @cached_property
    def best(self) -> dict[str, Any]:
        """The row of its best epoch, by what its early stopping watches or else the loss; empty before the first."""
        if self.summary:
            return dict(self.summary.get("best") or {})
        rows = [row for row in self.rows if row.get(self.monitor) is not None]
        if not rows:
            return {}
        choose = min if is_less_better(self.monitor) else max
        return dict(choose(rows, key=lambda row: row[self.monitor]))

    @property
    def monitor(self) -> str:
        """The metric that says which epoch is its best."""
        if self.summary:
            return str(self.summary["monitor"])
        stopping = self.spec.get("training", {}).get("early_stopping")
        if isinstance(stopping, dict):
            return str(stopping.get("monitor", "val_loss"))
        return "val_loss" if self.rows and "val_loss" in self.rows[-1] else "loss"

    @property
    def n_bytes(self) -> int:
        """What its folder takes on the disk, in bytes."""
        return sum(entry.stat().st_size for entry in self.path.rglob("*") if entry.is_file())

    def model(self) -> Any:
        """Its best weights as a Keras model; loads Keras.

        Raises:
            RunError: it has not come to its first best epoch.
        """
        if not self.folder.model.is_file():
            raise RunError(f"{self.id} has no model yet: its first epoch is not finished.")
        import_module("dnnctl.layers")  # registers the layers that Keras lacks
        return import_module("keras").saving.load_model(self.folder.model)

    @cached_property
    def curve(self) -> list[dict[str, Any]]:
        """At most some thousands of its rows, evenly spread, the last among them: of a million too, in little time."""
        try:
            size = self.folder.metrics.stat().st_size
        except FileNotFoundError:
            return []
        rows: list[dict[str, Any]] = []
        with self.folder.metrics.open("rb") as file:
            last = first = file.readline()
            stride = max(1, size // (max(1, len(first)) * MAX_CURVE))
            lines = chain([first], file)
            for number, line in enumerate(lines):
                last = line
                if number % stride == 0:
                    rows += _row(line)
        tail = _row(last)
        return rows if not tail or rows[-1:] == tail else [*rows, *tail]


def last_end(run: RunRecord) -> Status:
    """How a run stands if nobody trains it now."""
    if run.summary:
        return Status.STOPPED_EARLY if run.summary.get("stopped_early") else Status.FINISHED
    if not run.facts or run.folder.summary.is_file():
        return Status.DAMAGED
    last = run.history[-1] if run.history else {}
    return Status(last["end"]) if last.get("end") in list(Status) else Status.LOST


def _objects(path: Path) -> list[dict[str, Any]]:
    try:
        return [row for row in read_json_lines(path) if isinstance(row, dict)]
    except (OSError, ValueError):
        return []


def _row(line: bytes) -> list[dict[str, Any]]:
    """A line of metrics.jsonl, unless a crash has cut it off or something else has damaged it."""
    try:
        row = json.loads(line)
    except ValueError:
        return []
    return [row] if isinstance(row, dict) else []


def _read_object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}

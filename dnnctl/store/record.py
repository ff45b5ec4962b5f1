"""A run as it lies on disk: what it is, how far it came, and how it stands, all derived from its files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from dnnctl.store.files import read_json_lines
from dnnctl.store.folder import RunFolder
from dnnctl.store.lock import is_held


class Status(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED_EARLY = "stopped early"
    INTERRUPTED = "interrupted"
    DIVERGED = "diverged"
    FAILED = "failed"
    LOST = "lost"

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
        """What run.json says: command, versions, device, digests."""
        return _read_object(self.folder.run)

    @property
    def name(self) -> str:
        """The name its spec gives it."""
        return str(self.facts.get("name", ""))

    @property
    def created(self) -> str:
        """When it was made, in ISO 8601."""
        return str(self.facts.get("created", ""))

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The result; empty until the run has finished."""
        return _read_object(self.folder.summary)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The metrics, a row for each epoch."""
        return read_json_lines(self.folder.metrics)

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """The starts and ends of its training."""
        return read_json_lines(self.folder.history)

    @cached_property
    def status(self) -> Status:
        """How it stands: a held lock, a summary, or the last end on record; with none of them it is lost."""
        return Status.RUNNING if is_held(self.folder.lock) else last_end(self)

    @property
    def epochs(self) -> int:
        """How many epochs it has finished."""
        return int(self.rows[-1]["epoch"]) if self.rows else 0


def last_end(run: RunRecord) -> Status:
    """How a run stands if nobody trains it now."""
    if run.summary:
        return Status.STOPPED_EARLY if run.summary.get("stopped_early") else Status.FINISHED
    last = run.history[-1] if run.history else {}
    return Status(last["end"]) if last.get("end") in list(Status) else Status.LOST


def _read_object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}

"""The only writer of a run: it holds the lock and writes all files of the run during training."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from dnnctl.errors import RunError
from dnnctl.store.blueprint import Blueprint
from dnnctl.store.checkpoint import copy_checkpoint, remove_old, write_checkpoint
from dnnctl.store.encoding import TableEncoding
from dnnctl.store.environment import git_state, installed_versions, processor_name
from dnnctl.store.facts import HistoryEntry, Row, RunFacts, Summary
from dnnctl.store.files import (
    append_json_line,
    append_text,
    make_directory,
    sync,
    to_json_line,
    write_json,
    write_text,
    write_through,
)
from dnnctl.store.folder import RunFolder
from dnnctl.store.json_object import plain
from dnnctl.store.labels import Labels
from dnnctl.store.lock import hold
from dnnctl.store.record import TIME, RunRecord
from dnnctl.store.seal import seal
from dnnctl.text import visible

RowsFile = Literal["metrics", "pretraining", "probe"]
"""The files that hold the rows of epochs."""
Save = Callable[[Path], None]
"""Writes a file at the given path."""


class RunWriter:
    """Writes one run while its lock is held. Use `create` or `open` to get one."""

    def __init__(self, record: RunRecord) -> None:
        self.record = record
        """The run as it was when its lock was taken."""
        self.folder = record.folder
        self.facts = record.facts
        """The current contents of run.json."""
        self.has_started = False
        """Whether this process has started to train."""
        self._seal: str | None = None

    @classmethod
    @contextmanager
    def create(cls, directory: Path, blueprint: Blueprint) -> Iterator[RunWriter]:
        """Create a run's folder with everything that is known before training, and hold its lock.

        Raises:
            RunError: the directory cannot be written to.
        """
        try:
            folder, created = _make_folder(directory, blueprint)
        except OSError as error:
            raise _cannot_make(directory, error) from None
        with hold(folder.lock):
            try:
                _fill(folder, created, blueprint)
            except OSError as error:
                shutil.rmtree(folder.path, ignore_errors=True)
                raise _cannot_make(directory, error) from None
            yield cls(RunRecord(folder))

    @classmethod
    @contextmanager
    def open(cls, run: RunRecord) -> Iterator[RunWriter]:
        """Hold the lock of an existing run.

        Raises:
            RunError: another process holds it, or the run has files that must not be written to.
        """
        with hold(run.folder.lock):
            yield cls(RunRecord(run.folder))

    def add_facts(self, **facts: Any) -> None:
        """Add facts that are known only now (device, data digest, …) to run.json."""
        self.facts = replace(self.facts, **facts)
        write_json(self.folder.run, plain(self.facts))

    def start(self, event: Literal["started", "forked", "resumed"]) -> None:
        """Record that training starts."""
        self.add_history(HistoryEntry(event, pid=os.getpid(), host=socket.gethostname()))
        self.has_started = True

    def add_history(self, entry: HistoryEntry) -> None:
        """Add a row with the current time to history.jsonl."""
        timed = replace(entry, time=datetime.now().astimezone().isoformat(timespec="seconds"), seal=self._seal)
        append_json_line(self.folder.history, plain(timed))

    def log(self, text: str) -> None:
        """Add lines to log.txt. Each starts with `#`, so that no text from a spec is a line of its own."""
        append_text(self.folder.log, "".join(f"# {visible(line)}\n" for line in text.splitlines()))

    def append_row(self, row: Row, file: RowsFile = "metrics") -> None:
        """Add an epoch's row."""
        append_json_line(self._rows_file(file), row)

    def replace_rows(self, rows: Sequence[Row], file: RowsFile = "metrics") -> None:
        """Replace the rows of a file; a file without rows is not created."""
        path = self._rows_file(file)
        if rows or path.exists():
            write_text(path, "".join(to_json_line(row) + "\n" for row in rows))

    def write_model(self, save: Save) -> None:
        """Write model.keras."""
        write_through(self.folder.model, save)

    def write_last_model(self, save: Save) -> None:
        """Write last.keras."""
        write_through(self.folder.last_model, save)

    def write_encoding(self, encoding: TableEncoding) -> None:
        """Write encoding.json."""
        write_json(self.folder.encoding, plain(encoding))

    def write_predictions(self, save: Save) -> None:
        """Write predictions.npz."""
        write_through(self.folder.predictions, save)

    def write_checkpoint(
        self,
        *,
        epoch: int,
        step: int,
        state: Mapping[str, Any],
        write_arrays: Save,
        keep: int,
        best_epoch: int,
        anchor: str = "",
    ) -> None:
        """Write a checkpoint, then remove those that are no longer kept.

        Args:
            keep: the number of newest checkpoints to keep.
            best_epoch: the epoch whose checkpoint is always kept.
            anchor: the name of another checkpoint that is always kept.

        Raises:
            OSError: the disk is full or cannot be written to; earlier checkpoints do not change.
        """
        write_checkpoint(self.folder.checkpoints, epoch=epoch, step=step, state=state, write_arrays=write_arrays)
        remove_old(self.folder.checkpoints, keep=keep, best_epoch=best_epoch, anchor=anchor)

    def write_summary(self, summary: Summary) -> Summary:
        """Write summary.json, which marks the run as finished and seals its files; return it with the seal."""
        sealed = seal(summary, self.folder)
        write_json(self.folder.summary, plain(sealed))
        self._seal = sealed.seal
        return sealed

    def change_labels(self, change: Callable[[Labels], Labels]) -> RunRecord:
        """Change what a user has said about the run, in labels.json; return the run with it.

        Raises:
            RunError: the file is damaged; nothing is changed.
        """
        run = self.read()
        if run.label_damages:
            raise RunError(f"{run.id}: {run.label_damages[0]}. Fix or delete {self.folder.labels}.")
        changed = change(run.labels)
        if changed != run.labels:
            write_json(self.folder.labels, plain(changed))
        return self.read()

    def discard(self) -> None:
        """Delete the run's folder."""
        shutil.rmtree(self.folder.path, ignore_errors=True)

    def read(self) -> RunRecord:
        """The run as it is now."""
        return RunRecord(self.folder)

    def _rows_file(self, file: RowsFile) -> Path:
        paths = {"metrics": self.folder.metrics, "pretraining": self.folder.pretraining, "probe": self.folder.probe}
        return paths[file]


def _make_folder(directory: Path, blueprint: Blueprint) -> tuple[RunFolder, datetime]:
    """A new folder. If a run of the same second already has this id, wait for the next second."""
    directory.mkdir(parents=True, exist_ok=True)
    while True:
        created = datetime.now().astimezone()
        folder = RunFolder(directory / f"{created.strftime(TIME)}-{blueprint.name}-{blueprint.digest[:4]}")
        try:
            folder.path.mkdir()
        except FileExistsError:
            time.sleep(0.05)
        else:
            return folder, created


def _fill(folder: RunFolder, created: datetime, blueprint: Blueprint) -> None:
    """Write what is known before training. run.json comes last: it makes the folder a run."""
    write_text(folder.spec, blueprint.spec)
    write_text(folder.source, blueprint.source)
    if blueprint.origin is not None:
        copy_checkpoint(blueprint.origin, folder.origin)
    if blueprint.pretrained is not None:
        make_directory(folder.origin)
        shutil.copyfile(blueprint.pretrained, folder.pretrained)
        sync(folder.pretrained)
        sync(folder.origin)
    write_json(folder.run, plain(_first_facts(folder.id, created, blueprint)))


def _first_facts(run_id: str, created: datetime, blueprint: Blueprint) -> RunFacts:
    return RunFacts(
        id=run_id,
        name=blueprint.name,
        created=created.isoformat(timespec="milliseconds"),
        command=tuple(blueprint.command),
        overrides=tuple(blueprint.overrides),
        seed=blueprint.seed,
        spec_digest=blueprint.digest,
        spec=dict(blueprint.plain),
        versions=installed_versions(),
        git=git_state(),
        host=socket.gethostname(),
        platform=platform.platform(),
        processor=processor_name(),
        cpus=os.cpu_count(),
        parent=blueprint.parent,
        reuse=blueprint.reuse,
        trial=blueprint.trial,
    )


def _cannot_make(directory: Path, error: OSError) -> RunError:
    is_folder = directory.is_dir() or not directory.exists()
    reason = error.strerror or error if is_folder else "it is a file, not a folder"
    return RunError(f"Cannot create a run in {directory}: {reason}. Choose another --runs-dir.")

"""A worker of a sweep: a process that loads TensorFlow once and trains one run after the other.

It reads the path of a run's folder on each line of standard input. On standard output it writes what happens, one JSON
object for each event; the last one of a run is `released`. (A worker on another machine reads and writes files instead:
see `join.py`.) TensorFlow frees the memory of a run, except for some
megabytes of its graphs, so that a worker ends when it has grown too large, and another one takes its place.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dnnctl.commands.parent import end_with_parent
from dnnctl.commands.session import run_session
from dnnctl.commands.stderr import stderr_to
from dnnctl.errors import DivergedError, DnnctlError, InterruptedRunError
from dnnctl.events.event import EpochEnded, Event, RunEnded, RunOpened, RunStopped, Warned
from dnnctl.specs import load
from dnnctl.store.facts import HistoryEntry
from dnnctl.store.files import finite_only
from dnnctl.store.record import RunRecord, Status, last_end
from dnnctl.store.writer import RunWriter

STDOUT, STDERR = 1, 2
MAX_GROWTH = 500_000_000
"""The bytes by which a worker may grow after its first run."""
REPORTED = (RunOpened, EpochEnded, RunEnded, RunStopped, Warned)
"""The events that the sweep hears of."""
Write = Callable[[dict[str, Any]], None]


def work(n_threads: int) -> None:
    """Train the runs that standard input names, until it ends."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # between two runs there is nothing to save
    write = _own_output()
    train_all((Path(line.rstrip("\n")) for line in sys.stdin), write, n_threads)


def train_all(runs: Iterable[Path], write: Write, n_threads: int) -> None:
    """Train runs one after the other, until there are no more or the process must end."""
    memory = Memory()
    for run in runs:
        _prepare(n_threads)
        if not train_trial(run, write, memory):
            return


@dataclass
class Memory:
    """The memory of a process that trains several runs."""

    first: int = 0
    """The bytes after the first run."""

    def has_grown(self) -> bool:
        """Free what can be freed, and return whether the process has become too large."""
        from dnnctl.engine.memory import resident_memory
        from dnnctl.engine.session import forget_everything

        forget_everything()
        now = resident_memory()
        self.first = self.first or now
        return now - self.first > MAX_GROWTH


def train_trial(path: Path, write: Write, memory: Memory) -> bool:
    """Train a run until it is over; return whether the process may train another one."""

    def report(event: Event) -> None:
        if isinstance(event, REPORTED):
            write(finite_only(event.as_json()))

    message, code, is_interrupted = "", 0, False
    try:
        with RunWriter.open(RunRecord.at(path)) as writer:
            if not _is_over(writer.record):
                _train(writer, report)
    except DnnctlError as error:
        message, code = "" if isinstance(error, DivergedError) else str(error), error.exit_code
        is_interrupted = isinstance(error, InterruptedRunError)
    except Exception as error:  # a bug must not end the sweep; the traceback is in log.txt
        message, code = f"{type(error).__name__}: {error}", DnnctlError.exit_code
    is_last = is_interrupted or memory.has_grown()
    end = {"message": message, "exit_code": code, "is_interrupted": is_interrupted, "is_last": is_last}
    write({"event": "released", **end})
    return not is_last


def _train(writer: RunWriter, report: Callable[[Event], None]) -> None:
    """Train a run. Unlike with `train`, wrong input is recorded: the trial has failed, and its setting is not lost."""
    loaded = load(writer.folder.spec)
    try:
        run_session(loaded, writer, report, event="resumed" if writer.record.history else "started")
    except InterruptedRunError:
        raise
    except DnnctlError as error:
        if writer.facts.trial is not None and not writer.has_started:
            writer.add_history(HistoryEntry("ended", end=str(Status.FAILED), reason=str(error)))
        raise


def _is_over(run: RunRecord) -> bool:
    end = last_end(run)
    return end.is_complete or end is Status.DIVERGED


def _own_output() -> Write:
    """Write to what was standard output; from now on that is standard error, where libraries may write, too."""
    output = os.fdopen(os.dup(STDOUT), "w", encoding="utf-8")
    os.dup2(STDERR, STDOUT)

    def write(value: dict[str, Any]) -> None:
        with suppress(BrokenPipeError):  # the sweep was killed; SIGTERM follows
            output.write(json.dumps(value) + "\n")
            output.flush()

    return write


@cache
def _prepare(n_threads: int) -> None:
    """Load TensorFlow, once. Its messages are dropped."""
    with stderr_to(os.devnull):
        from dnnctl.engine.session import limit_threads

        limit_threads(n_threads)


if __name__ == "__main__":
    work(int(sys.argv[1]))

"""One process's part in a run, from the first fact it tells to the end it records, whatever happens between."""

from __future__ import annotations

import errno
import os
import socket
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from shlex import quote
from typing import Literal

from dnnctl.commands.stderr import stderr_to
from dnnctl.errors import DivergedError, DnnctlError, Fault, InterruptedRunError, RunError, SpecError
from dnnctl.events.event import Event, Forked, Report, RunOpened, RunStopped
from dnnctl.events.wording import Wording
from dnnctl.runner.interrupts import Interrupts
from dnnctl.specs import LoadedSpec, Spec
from dnnctl.store.advice import recovery_command
from dnnctl.store.history import record_event
from dnnctl.store.record import RunRecord, Status

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG)


def run_session(
    loaded: LoadedSpec,
    run: RunRecord,
    report: Report,
    *,
    event: Literal["started", "forked", "resumed"],
    accept_changed_data: bool = False,
) -> None:
    """Train a run whose lock is held, from its spec's beginning or from the state that its folder holds."""
    tell = _also_to_log(run, report)
    with (
        Interrupts() as signals,
        _ending(run, tell, event),
        _writing(run),
        stderr_to(run.folder.log),
    ):
        tell(_opened(run, loaded.spec))
        if event == "forked":
            tell(_forked(run))
        from dnnctl.runner.checkpointing.resume import Resume
        from dnnctl.runner.trainer import run_training

        with faults_located(loaded):
            resume = None if event == "started" else Resume(accept_changed_data)
            run_training(loaded.spec, run, tell, signals, resume)


def _opened(run: RunRecord, spec: Spec) -> RunOpened:
    return RunOpened(run.id, str(run.path), spec.description, spec.data.source.kind, spec.seed)


def _forked(run: RunRecord) -> Forked:
    parent = run.facts["parent"]
    return Forked(parent["run"], parent["checkpoint"], parent["changes"])


@contextmanager
def faults_located(loaded: LoadedSpec) -> Iterator[None]:
    """Faults that building finds know their path; here they get their place in the file."""
    try:
        yield
    except SpecError as error:
        raise SpecError([_located(fault, loaded) for fault in error.faults]) from error


def _located(fault: Fault, loaded: LoadedSpec) -> Fault:
    """A fault found while building, with the place in the file that its path means."""
    if fault.place is not None:
        return fault
    path = tuple(int(part) if part.isdecimal() else part for part in fault.path.split("."))
    return Fault(fault.rule, fault.path, loaded.place(path), fault.received, fault.hint)


def _also_to_log(run: RunRecord, report: Report) -> Report:
    """A report that also goes to log.txt, in words, as long as that can be written."""
    wording = Wording()

    def tell(fact: Event) -> None:
        lines = wording.tell(fact)
        if lines:
            with suppress(OSError), run.folder.log.open("a", encoding="utf-8") as log:
                log.write("\n".join(lines) + "\n")
        report(fact)

    return tell


@contextmanager
def _writing(run: RunRecord) -> Iterator[None]:
    """A disk that is full, or a folder that cannot be written to or is gone, is no fault of dnnctl."""
    try:
        yield
    except OSError as error:
        is_ours = str(error.filename or "").startswith(str(run.path))
        if error.errno not in DISK_ERRORS and not is_ours:
            raise
        if not run.path.is_dir():
            raise RunError(f"The folder {run.path} is gone, and with it the run: training has ended.") from None
        reason = f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}"
        raise RunError(
            f"Cannot write to {run.path}: {reason}. What was saved before is whole; once that is mended: "
            f"dnnctl resume {quote(str(run.path))}"
        ) from None


@contextmanager
def _ending(run: RunRecord, tell: Report, event: str) -> Iterator[None]:
    """Record that training started and how it ended, whatever happens."""
    with _writing(run):
        record_event(run.folder, event=event, pid=os.getpid(), host=socket.gethostname())
    try:
        yield
    except InterruptedRunError as error:
        with suppress(OSError):
            _record_end(run, tell, Status.INTERRUPTED, str(error).removeprefix("interrupted "))
        raise InterruptedRunError(
            f"{error}\nnext:  dnnctl resume {quote(str(run.path))}", error.exit_code - 128
        ) from None
    except KeyboardInterrupt:
        _record_end(run, tell, Status.INTERRUPTED, "by the keyboard")
        raise
    except DivergedError as error:
        _record_end(run, tell, Status.DIVERGED, str(error))
        raise DivergedError(f"{error} {_what_is_left(run)}") from None
    except BaseException as error:
        with suppress(OSError):
            with run.folder.log.open("a", encoding="utf-8") as log:
                log.write(traceback.format_exc())
            reason = str(error) if isinstance(error, DnnctlError) else f"{type(error).__name__}: {error}"
            _record_end(run, tell, Status.FAILED, reason)
        raise
    else:
        is_early = RunRecord(run.folder).summary["stopped_early"]
        record_event(run.folder, event="ended", end=str(Status.STOPPED_EARLY if is_early else Status.FINISHED))


def _what_is_left(run: RunRecord) -> str:
    """What a diverged run leaves, and what helps."""
    kept = (
        f"The best weights before are in {run.folder.model}."
        if run.folder.model.is_file()
        else "No epoch was finished."
    )
    return f"{kept}\nA smaller learning rate helps, or clipped gradients: {recovery_command(run)}"


def _record_end(run: RunRecord, tell: Report, status: Status, reason: str) -> None:
    epoch = RunRecord(run.folder).epochs
    record_event(run.folder, event="ended", end=str(status), reason=reason, epoch=epoch)
    tell(RunStopped(run.id, str(run.path), str(status), reason))

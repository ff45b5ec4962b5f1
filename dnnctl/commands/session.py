"""The part of a run that one process trains. However it ends, the end is recorded."""

from __future__ import annotations

import errno
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dnnctl.commands.halt import halt_of
from dnnctl.commands.mlflow_log import check_installed, mirrored
from dnnctl.commands.parent import has_parent
from dnnctl.commands.stderr import stderr_to
from dnnctl.commands.team import team_of
from dnnctl.errors import (
    DistributionError,
    DivergedError,
    DnnctlError,
    Fault,
    InterruptedRunError,
    RunError,
    SpecError,
    UserError,
    WorkerLostError,
)
from dnnctl.events.event import Event, Forked, Report, RunEnded, RunOpened, RunStopped, Warned
from dnnctl.events.wording import Wording
from dnnctl.runner.interrupts import Interrupts
from dnnctl.runner.team import Team
from dnnctl.specs import LoadedSpec, Spec
from dnnctl.store.advice import recovery_command, resume_command
from dnnctl.store.columns import spec_value
from dnnctl.store.facts import HistoryEntry
from dnnctl.store.file_system import lock_warning
from dnnctl.store.record import Status
from dnnctl.store.writer import RunWriter

if TYPE_CHECKING:
    from dnnctl.runner.trainer import StartEvent

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG)
ECHO = 1.0
"""The seconds within which a child process gets a signal from its parent that it has got directly, too."""


def run_session(
    loaded: LoadedSpec,
    writer: RunWriter,
    report: Report,
    *,
    event: StartEvent,
    accept_changed_data: bool = False,
) -> None:
    """Train a run, from its spec or from the state in its folder."""
    report = _also_to_log(writer, report)
    if event == "started":
        report = _advice_located(loaded, report)
    if "mlflow" in loaded.spec.runtime.log:
        report = mirrored(report, writer.record)
    with (
        Interrupts(echo=ECHO if has_parent() else 0.0) as interrupts,
        _ending(writer, report, event),
        _disk_errors_explained(writer),
        interrupts.raised(),
        stderr_to(writer.folder.log),
    ):
        _check_path(writer)
        spec = loaded.spec
        team = _own_team(spec, event)
        if "mlflow" in spec.runtime.log and event != "resumed":
            check_installed()
        report(RunOpened(writer.folder.id, str(writer.folder.path), spec.description, spec.data.source.kind, spec.seed))
        if writer.facts.trial is None and (warning := lock_warning(writer.folder.path.parent)):
            report(Warned(warning))
        parent = writer.facts.parent
        if event == "forked" and parent is not None:
            report(Forked(parent.run, parent.checkpoint, list(parent.changes)))
        from dnnctl.engine.collective import losses_explained
        from dnnctl.engine.determinism import nondeterminism_explained
        from dnnctl.engine.memory import memory_errors_explained
        from dnnctl.runner.trainer import run_training

        interrupts.check()  # importing TensorFlow may have lost it
        with faults_located(loaded), memory_errors_explained(), nondeterminism_explained(), losses_explained():
            run_training(
                spec,
                writer,
                report,
                interrupts,
                event=event,
                accept_changed_data=accept_changed_data,
                halt=halt_of(writer),
                team=team,
            )


def _own_team(spec: Spec, event: StartEvent) -> Team | None:
    """The processes that train together with this one, the chief; None if it trains alone.

    Raises:
        DistributionError: this process is not the chief, or the others are not known.
    """
    team = team_of(spec)
    if team is not None and event == "forked":
        raise DistributionError(
            "Several workers cannot train a fork. Add --set runtime.distribution=none, or train the spec from scratch."
        )
    if team is not None and not team.is_chief:
        raise DistributionError(f"This is worker {team.number} of {team.n}: only the chief, worker 0, trains a run.")
    return team


def _check_path(writer: RunWriter) -> None:
    """Check that TensorFlow can write to the run's folder.

    Raises:
        RunError: the path is not text in UTF-8.
    """
    path = str(writer.folder.path)
    try:
        path.encode()
    except UnicodeEncodeError:
        raise RunError(
            f"TensorFlow cannot write to {path}: the path is not UTF-8 text. Choose another --runs-dir, or a UTF-8 "
            f"locale if it is the locale that is wrong."
        ) from None


@contextmanager
def faults_located(loaded: LoadedSpec) -> Iterator[None]:
    """Add the location in the file to faults that are found while building, which have only a path."""
    try:
        yield
    except SpecError as error:
        raise SpecError([_located(fault, loaded) for fault in error.faults]) from error


def _located(fault: Fault, loaded: LoadedSpec) -> Fault:
    if fault.place is not None:
        return fault
    path = tuple(int(part) if part.isdecimal() else part for part in fault.path.split("."))
    return Fault(fault.rule, fault.path, loaded.place(path), fault.received, fault.hint)


def _also_to_log(writer: RunWriter, report: Report) -> Report:
    """A report that also writes events to log.txt in words, if the file is writable."""
    wording = Wording()

    def report_and_log(event: Event) -> None:
        lines = wording.lines(event)
        if lines:
            with suppress(OSError):
                writer.log("\n".join(lines) + "\n")
        report(event)

    return report_and_log


def _advice_located(loaded: LoadedSpec, report: Report) -> Report:
    """A report that adds the location in the file to the advice at the end."""

    def place(change: str) -> str:
        path = tuple(int(part) if part.isdecimal() else part for part in change.partition(":")[0].split("."))
        found = loaded.place(path)
        return f"{found.file}:{found.line}" if found.line and Path(found.file).is_file() else ""

    def report_located(event: Event) -> None:
        if isinstance(event, RunEnded):
            advice = [replace(each, places=tuple(map(place, each.changes))) for each in event.advice]
            event = replace(event, advice=advice)
        report(event)

    return report_located


@contextmanager
def _disk_errors_explained(writer: RunWriter) -> Iterator[None]:
    """Turn a full disk, or a missing or read-only folder, into a user error."""
    path = writer.folder.path
    try:
        yield
    except OSError as error:
        is_ours = str(error.filename or "").startswith(str(path))
        if error.errno not in DISK_ERRORS and not is_ours:
            raise
        if not path.is_dir():
            raise RunError(f"The folder {path} was deleted or moved during training. Training has stopped.") from None
        reason = f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}"
        raise RunError(
            f"Cannot write to {path}: {reason}. Everything saved before is intact. Fix the problem, then run: "
            f"{resume_command(writer.read())}"
        ) from None


@contextmanager
def _ending(writer: RunWriter, report: Report, event: StartEvent) -> Iterator[None]:
    """Record how training ended.

    If wrong input prevents training from starting, nothing is recorded: a new run is deleted, and a resumed run and a
    trial of a sweep are left unchanged.
    """
    try:
        yield
    except InterruptedRunError as error:
        with suppress(OSError):
            reason = str(error).removeprefix("interrupted ")
            _record_end(writer, report, Status.INTERRUPTED, reason, error.exit_code)
        command = resume_command(writer.read())
        raise InterruptedRunError(f"{error}\nnext:  {command}", error.exit_code - 128) from None
    except KeyboardInterrupt:
        _record_end(writer, report, Status.INTERRUPTED, "by Ctrl-C", 128 + signal.SIGINT)
        raise
    except DivergedError as error:
        _record_end(writer, report, Status.DIVERGED, str(error), error.exit_code)
        raise DivergedError(f"{error} {_what_is_left(writer)}") from None
    except BaseException as error:
        if isinstance(error, UserError) and not writer.has_started:
            if event != "resumed" and writer.facts.trial is None:
                writer.discard()
            raise
        with suppress(OSError):
            writer.log(traceback.format_exc())
            reason = str(error) if isinstance(error, DnnctlError) else f"{type(error).__name__}: {error}"
            code = UserError.exit_code if isinstance(error, OSError | MemoryError) else DnnctlError.exit_code
            _record_end(writer, report, Status.FAILED, reason, getattr(error, "exit_code", code))
        if isinstance(error, WorkerLostError):
            raise WorkerLostError(f"{error}\nnext:  {resume_command(writer.read())}") from None
        raise
    else:
        summary = writer.read().summary
        is_early = summary is not None and summary.stopped_early
        writer.add_history(HistoryEntry("ended", end=str(Status.STOPPED_EARLY if is_early else Status.FINISHED)))


def _what_is_left(writer: RunWriter) -> str:
    """What is saved of a diverged run, and what to try."""
    saved = (
        f"The best weights so far are in {writer.folder.model}."
        if writer.folder.model.is_file()
        else "No epoch was finished."
    )
    run = writer.read()
    lines = [saved, f"Try a smaller learning rate, or clip gradients: {recovery_command(run)}"]
    if spec_value(run.spec, "training.on_divergence") in (None, "stop"):
        lines.append("To go back automatically with a lower rate, set training.on_divergence: roll_back")
    return "\n".join(lines)


def _record_end(writer: RunWriter, report: Report, status: Status, reason: str, exit_code: int) -> None:
    ended = HistoryEntry("ended", end=str(status), reason=reason, epoch=writer.read().epochs, exit_code=exit_code)
    writer.add_history(ended)
    report(RunStopped(writer.folder.id, str(writer.folder.path), str(status), reason, exit_code))

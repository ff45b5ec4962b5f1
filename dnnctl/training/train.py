"""`train` and `resume`: a spec or a run in, a run out. Light: the run is open before TensorFlow is loaded."""

from __future__ import annotations

import errno
import os
import socket
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dnnctl.errors import DivergedError, DnnctlError, Fault, InterruptedRunError, RunError, SpecError
from dnnctl.spec import LoadedSpec, Spec, digest, load, to_yaml
from dnnctl.spec.yaml_reader import read_text
from dnnctl.store.catalog import load_run, runs_directory
from dnnctl.store.creation import Blueprint, create_run
from dnnctl.store.history import record_event
from dnnctl.store.lock import hold
from dnnctl.store.record import RunRecord, Status, last_end
from dnnctl.training.capture import stderr_to
from dnnctl.training.facts import Fact, Report, RunBroken, RunOpened, ignore
from dnnctl.training.narration import Narrator
from dnnctl.training.signals import StopSignals

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG)


def train(
    spec: Spec | LoadedSpec | str | Path, *, runs_dir: str | Path | None = None, report: Report = ignore
) -> RunRecord:
    """Train a spec and return its run.

    Args:
        spec: a spec, or the path of its file.
        runs_dir: where runs are kept; by default as DNNCTL_RUNS_DIR says, or `runs`.
        report: called with each fact as it happens.

    Raises:
        UserError: the spec, the data or the device is not as it must be.
        DivergedError: the loss became infinite or not a number.
    """
    loaded = _loaded(spec)
    run = create_run(runs_directory(runs_dir), _blueprint(loaded))
    with hold(run.folder.lock):
        _conduct(loaded, run, report)
    return RunRecord(run.folder)


def resume(
    reference: str | Path,
    *,
    runs_dir: str | Path | None = None,
    accept_changed_data: bool = False,
    report: Report = ignore,
) -> RunRecord:
    """Go on with an interrupted run, to the same bits as if it had never been interrupted; return it.

    A run that has finished is returned as it is. One without a usable checkpoint starts over.

    Args:
        reference: the run's folder, or its id, the beginning of it, its name, or `last`.
        runs_dir: where runs are kept; by default as DNNCTL_RUNS_DIR says, or `runs`.
        accept_changed_data: go on even if the data are no longer the same.
        report: called with each fact as it happens.

    Raises:
        UserError: there is no such run, another process trains it, it has diverged, or its data have changed.
        DivergedError: the loss became infinite or not a number.
    """
    run = load_run(reference, runs_dir)
    with hold(run.folder.lock):
        run = RunRecord(run.folder)
        end = last_end(run)
        if end == Status.DIVERGED:
            raise RunError(
                f"{run.id} has diverged: resumed, it would diverge again. Train it anew with another recipe: "
                f"dnnctl train {run.folder.spec} --set optimizer.clip=norm"
            )
        if not end.is_complete:
            _conduct(load(run.folder.spec), run, report, accept_changed_data=accept_changed_data)
    return RunRecord(run.folder)


def _conduct(loaded: LoadedSpec, run: RunRecord, report: Report, *, accept_changed_data: bool | None = None) -> None:
    """Train a run whose lock is held; resume it if `accept_changed_data` is given."""
    is_first = accept_changed_data is None
    tell = _also_to_log(run, report)
    with (
        StopSignals() as signals,
        _ending(run, tell, "started" if is_first else "resumed"),
        _writing(run),
        stderr_to(run.folder.log),
    ):
        tell(_opened(run, loaded.spec))
        from dnnctl.training.experiment import conduct
        from dnnctl.training.resuming import Resuming

        with _faults_located(loaded):
            resuming = None if accept_changed_data is None else Resuming(accept_changed_data)
            conduct(loaded.spec, run, tell, signals, resuming)


def rehearse(spec: Spec | LoadedSpec | str | Path, *, report: Report = ignore) -> None:
    """Load the data and build the model of a spec as `train` would, but train and write nothing.

    Raises:
        UserError: the spec, the data or the device is not as it must be.
    """
    loaded = _loaded(spec)
    with stderr_to(os.devnull):
        from dnnctl.training.experiment import prepare

        with _faults_located(loaded):
            prepare(loaded.spec, report)


def _loaded(spec: Spec | LoadedSpec | str | Path) -> LoadedSpec:
    if isinstance(spec, LoadedSpec):
        return spec
    if isinstance(spec, Spec):
        text = to_yaml(spec)
        return LoadedSpec(spec, read_text(text, "spec")[0], text)
    return load(spec)


def _blueprint(loaded: LoadedSpec) -> Blueprint:
    spec = loaded.spec
    return Blueprint(
        name=spec.name,
        digest=digest(spec),
        spec=to_yaml(spec),
        source=loaded.source,
        overrides=loaded.overrides,
        seed=spec.seed,
    )


def _opened(run: RunRecord, spec: Spec) -> RunOpened:
    return RunOpened(run.id, str(run.path), spec.description, spec.data.source.kind, spec.seed)


@contextmanager
def _faults_located(loaded: LoadedSpec) -> Iterator[None]:
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
    narrator = Narrator()

    def tell(fact: Fact) -> None:
        lines = narrator.tell(fact)
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
        reason = f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}"
        raise RunError(
            f"Cannot write to {run.path}: {reason}. What was saved before is whole; once that is mended: "
            f"dnnctl resume {run.path}"
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
        raise InterruptedRunError(f"{error}\nnext:  dnnctl resume {run.path}", error.exit_code - 128) from None
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
    return f"{kept}\nA smaller learning rate helps, or clipped gradients: --set optimizer.clip=norm"


def _record_end(run: RunRecord, tell: Report, status: Status, reason: str) -> None:
    epoch = RunRecord(run.folder).epochs
    record_event(run.folder, event="ended", end=str(status), reason=reason, epoch=epoch)
    tell(RunBroken(run.id, str(run.path), str(status), reason))

"""`train`: a spec in, a run out. This module is light; it opens the run before TensorFlow is loaded."""

from __future__ import annotations

import os
import socket
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from dnnctl.errors import DivergedError, DnnctlError, Fault, SpecError
from dnnctl.spec import LoadedSpec, Spec, digest, load, to_yaml
from dnnctl.spec.yaml_reader import read_text
from dnnctl.store.catalog import runs_directory
from dnnctl.store.creation import Blueprint, create_run
from dnnctl.store.files import append_json_line
from dnnctl.store.lock import hold
from dnnctl.store.record import RunRecord, Status
from dnnctl.training.capture import stderr_to
from dnnctl.training.facts import Fact, Report, RunBroken, RunOpened, ignore
from dnnctl.training.narration import Narrator


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
    with hold(run.folder.lock), _told(run, report) as tell, _ending(run, tell), stderr_to(run.folder.log):
        tell(_opened(run, loaded.spec))
        from dnnctl.training.experiment import conduct

        with _faults_located(loaded):
            conduct(loaded.spec, run, tell)
    return RunRecord(run.folder)


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


@contextmanager
def _told(run: RunRecord, report: Report) -> Iterator[Report]:
    """A report that also goes to log.txt, in words."""
    narrator = Narrator()
    with run.folder.log.open("a", encoding="utf-8", buffering=1) as log:

        def tell(fact: Fact) -> None:
            for line in narrator.tell(fact):
                log.write(line + "\n")
            report(fact)

        yield tell


@contextmanager
def _ending(run: RunRecord, tell: Report) -> Iterator[None]:
    """Record that training started and how it ended, whatever happens."""
    _record(run, event="started", pid=os.getpid(), host=socket.gethostname(), initial_epoch=0, step=0)
    try:
        yield
    except KeyboardInterrupt:
        _record_end(run, tell, Status.INTERRUPTED, "by the keyboard")
        raise
    except DivergedError as error:
        _record_end(run, tell, Status.DIVERGED, str(error))
        raise DivergedError(f"{error} {_what_is_left(run)}") from None
    except BaseException as error:
        with run.folder.log.open("a", encoding="utf-8") as log:
            log.write(traceback.format_exc())
        reason = str(error) if isinstance(error, DnnctlError) else f"{type(error).__name__}: {error}"
        _record_end(run, tell, Status.FAILED, reason)
        raise
    else:
        is_early = RunRecord(run.folder).summary["stopped_early"]
        _record(run, event="ended", end=str(Status.STOPPED_EARLY if is_early else Status.FINISHED))


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
    _record(run, event="ended", end=str(status), reason=reason, epoch=epoch)
    tell(RunBroken(run.id, str(run.path), str(status), reason))


def _record(run: RunRecord, **facts: Any) -> None:
    append_json_line(run.folder.history, {"time": datetime.now().astimezone().isoformat(timespec="seconds"), **facts})

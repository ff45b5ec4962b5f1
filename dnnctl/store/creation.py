"""Making a run's folder: exclusively, with everything that says what the run is on disk at once."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from dnnctl.errors import RunError
from dnnctl.store.checkpoint import Checkpoint, copy_checkpoint
from dnnctl.store.files import sync, write_json, write_text
from dnnctl.store.folder import RunFolder
from dnnctl.store.record import TIME, RunRecord

PACKAGES = ("dnnctl", "tensorflow", "keras", "numpy", "pydantic")


def own_command() -> tuple[str, ...]:
    """The command that this process was started by, as a user types it."""
    program, *arguments = sys.argv
    is_dnnctl = Path(program).name in ("dnnctl", "__main__.py")
    return ("dnnctl" if is_dnnctl else program, *arguments)


@dataclass(frozen=True)
class Blueprint:
    """What a run is made from."""

    name: str
    digest: str
    """The identity of its spec, in hexadecimal."""
    spec: str
    """The complete spec, as YAML."""
    source: str
    """The spec as the user wrote it."""
    overrides: Sequence[str] = ()
    command: Sequence[str] = field(default_factory=own_command)
    seed: int = 0
    plain: Mapping[str, Any] = field(default_factory=dict)
    """The complete spec as plain values, for readers that know no YAML."""
    parent: Mapping[str, Any] | None = None
    """The lineage of a run that starts from another's state."""
    origin: Checkpoint | None = None
    """That state; a copy of it goes into the new run's folder."""
    reuse: Mapping[str, Any] | None = None
    """Which trained network it starts with."""
    reused: Path | None = None
    """Its file; a copy of it goes into the new run's folder."""


def create_run(directory: Path, blueprint: Blueprint) -> RunRecord:
    """Make a new run's folder and write what is known before training.

    Raises:
        RunError: the directory cannot be written to.
    """
    try:
        folder, created = _make_folder(directory, blueprint)
        write_text(folder.spec, blueprint.spec)
        write_text(folder.source, blueprint.source)
        if blueprint.origin is not None:
            copy_checkpoint(blueprint.origin, folder.origin)
        if blueprint.reused is not None:
            _copy_reused(blueprint.reused, folder)
        write_json(folder.run, _facts(folder.id, created, blueprint))
    except OSError as error:
        reason = error.strerror or error
        raise RunError(f"Cannot make a run in {directory}: {reason}. Choose another --runs-dir.") from None
    return RunRecord(folder)


def add_facts(run: RunRecord, **facts: Any) -> None:
    """Put what has become known (device, data digest, …) into run.json."""
    run.facts.update(facts)
    write_json(run.folder.run, run.facts)


def _make_folder(directory: Path, blueprint: Blueprint) -> tuple[RunFolder, datetime]:
    """A folder that nobody had before; a run of the same second waits for the next."""
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


def _facts(run_id: str, created: datetime, blueprint: Blueprint) -> dict[str, Any]:
    return {
        "id": run_id,
        "name": blueprint.name,
        "created": created.isoformat(timespec="milliseconds"),
        "command": list(blueprint.command),
        "overrides": list(blueprint.overrides),
        "seed": blueprint.seed,
        "spec_digest": blueprint.digest,
        "spec": dict(blueprint.plain),
        "versions": {"python": platform.python_version(), **{name: installed_version(name) for name in PACKAGES}},
        "git": _git_commit(),
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "processor": processor_name(),
        "cpus": os.cpu_count(),
        "parent": blueprint.parent,
        "reuse": blueprint.reuse,
    }


def _copy_reused(path: Path, folder: RunFolder) -> None:
    folder.origin.mkdir(exist_ok=True)
    shutil.copyfile(path, folder.reused)
    sync(folder.reused)
    sync(folder.origin)


def installed_version(package: str) -> str | None:
    """The version of an installed package, found without importing it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def processor_name() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _git_commit() -> dict[str, Any] | None:
    """The commit of the working directory and whether it has changes, if it is in a repository."""

    def ask(*arguments: str) -> str | None:
        try:
            reply = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=5, check=False)
        except (OSError, subprocess.SubprocessError):
            return None
        return reply.stdout.strip() if reply.returncode == 0 else None

    commit = ask("rev-parse", "HEAD")
    if not commit:
        return None
    return {"commit": commit, "changed": bool(ask("status", "--porcelain", "--untracked-files=no"))}

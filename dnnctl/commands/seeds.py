"""`dnnctl train --seeds N`: the same spec with N seeds, each in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dnnctl.errors import DivergedError
from dnnctl.specs import LoadedSpec, digest
from dnnctl.store.catalog import list_runs, runs_directory
from dnnctl.store.record import RunRecord

MAX_SEED = 2**32
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class SeedRuns:
    """The runs of several seeds, and the exit code of each process."""

    runs: list[RunRecord] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)


def train_seeds(
    loaded: LoadedSpec,
    path: Path,
    n_seeds: int,
    runs_dir: Path | None,
    *,
    options: Sequence[str] = (),
    on_start: Callable[[int, int], None] = lambda _seed, _number: None,
) -> SeedRuns:
    """Train with the spec's seed and those after it.

    A seed that diverges does not keep the others from being trained; any other failure does.

    Args:
        options: further options of `dnnctl train`, such as `--quiet`.
        on_start: called with each seed and its number, from 1, before it is trained.
    """
    directory = runs_directory(runs_dir)
    loaded = _with_source(loaded, directory)
    result = SeedRuns()
    for index in range(n_seeds):
        seed = (loaded.spec.seed + index) % MAX_SEED
        on_start(seed, index + 1)
        result.codes.append(_train_one(loaded, path, seed, directory, options))
        result.runs += _run_of(loaded, seed, directory)
        if result.codes[-1] not in (0, DivergedError.exit_code):
            break
    return result


def _with_source(loaded: LoadedSpec, directory: Path) -> LoadedSpec:
    """The spec with the run that it reuses named once for all seeds."""
    from dnnctl.commands.pretrained import find_pretrained

    resolved, source = find_pretrained(loaded, directory)
    reuse = resolved.spec.model.reuse
    if source is None or reuse == "none":
        return loaded
    return replace(resolved, overrides=(*loaded.overrides, f"model.reuse.run={reuse.run}"))


def _train_one(loaded: LoadedSpec, path: Path, seed: int, directory: Path, options: Sequence[str]) -> int:
    command = [sys.executable, "-m", "dnnctl", "train", str(path), "--runs-dir", str(directory)]
    for override in (*loaded.overrides, f"seed={seed}"):
        command += ["--set", override]
    code = _run_and_forward_signals([*command, *options])
    return code if code >= 0 else 128 - code


def _run_and_forward_signals(command: list[str]) -> int:
    """Run a command in a process group of its own, so that a signal to stop reaches it once, and wait for its end."""
    with subprocess.Popen(command, process_group=0) as process:
        heeded = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, lambda n, _: process.send_signal(n)) for number in heeded}
        try:
            return process.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _run_of(loaded: LoadedSpec, seed: int, directory: Path) -> list[RunRecord]:
    """The run that a seed has just left, found by its spec's identity."""
    wanted = digest(loaded.spec.model_copy(update={"seed": seed}))
    return [run for run in list_runs(directory) if run.facts.spec_digest == wanted][-1:]

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
from dnnctl.specs.reading.spec_file import check_can_be_read_again
from dnnctl.store.catalog import Notify, keep_silent, list_runs, runs_directory
from dnnctl.store.purpose import Wanted
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
    notify: Notify = keep_silent,
) -> SeedRuns:
    """Train with the seed of the spec and those that follow it.

    If the spec reuses a run by name, and there is a run of that name with a model for each of these seeds, each seed
    reuses the run with the same seed; otherwise all seeds reuse the same run. Training stops at the first seed that
    fails, except if it diverges.

    Args:
        options: further options of `dnnctl train`, such as `--quiet`.
        on_start: called with each seed and its number, from 1, before it is trained.
        notify: called with a sentence that names the reused runs, if several have the given name.
    """
    check_can_be_read_again(path)
    directory = runs_directory(runs_dir)
    seeds = [(loaded.spec.seed + index) % MAX_SEED for index in range(n_seeds)]
    specs = _with_sources(loaded, seeds, directory, notify)
    result = SeedRuns()
    for number, seed in enumerate(seeds, 1):
        on_start(seed, number)
        result.codes.append(_train_one(specs[seed], path, seed, directory, options))
        result.runs += _run_of(specs[seed], seed, directory)
        if result.codes[-1] not in (0, DivergedError.exit_code):
            break
    return result


def _with_sources(loaded: LoadedSpec, seeds: Sequence[int], directory: Path, notify: Notify) -> dict[int, LoadedSpec]:
    """The spec for each seed, with the id of the run that it reuses."""
    reuse = loaded.spec.model.reuse
    if reuse == "none":
        return dict.fromkeys(seeds, loaded)
    named = [run for run in list_runs(directory) if run.name == reuse.run and Wanted.MODEL.serves(run)]
    by_seed = {run.facts.seed: run.id for run in named}
    if all(seed in by_seed for seed in seeds):
        notify(f"model.reuse.run: each seed reuses the run named {reuse.run} with the same seed.")
        return {seed: _reusing(loaded, by_seed[seed], directory, keep_silent) for seed in seeds}
    return dict.fromkeys(seeds, _reusing(loaded, reuse.run, directory, notify))


def _reusing(loaded: LoadedSpec, reference: str, directory: Path, notify: Notify) -> LoadedSpec:
    """The spec, with its reference to the reused run replaced by the run's id."""
    from dnnctl.commands.pretrained import find_pretrained

    reuse = loaded.spec.model.reuse
    assert reuse != "none", "only a spec that reuses a run comes here"
    model = loaded.spec.model.model_copy(update={"reuse": reuse.model_copy(update={"run": reference})})
    chosen = replace(loaded, spec=loaded.spec.model_copy(update={"model": model}))
    resolved, _ = find_pretrained(chosen, directory, notify)
    found = resolved.spec.model.reuse
    assert found != "none"
    return replace(resolved, overrides=(*loaded.overrides, f"model.reuse.run={found.run}"))


def _train_one(loaded: LoadedSpec, path: Path, seed: int, directory: Path, options: Sequence[str]) -> int:
    command = [sys.executable, "-m", "dnnctl", "train", str(path), "--runs-dir", str(directory)]
    for override in (*loaded.overrides, f"seed={seed}"):
        command += ["--set", override]
    code = _run_and_forward_signals([*command, *options])
    return code if code >= 0 else 128 - code


def _run_and_forward_signals(command: list[str]) -> int:
    """Run a command and wait for it. It has its own process group, so that it receives each stop signal only once."""
    with subprocess.Popen(command, process_group=0) as process:
        heeded = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, lambda n, _: process.send_signal(n)) for number in heeded}
        try:
            return process.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _run_of(loaded: LoadedSpec, seed: int, directory: Path) -> list[RunRecord]:
    """The run that was just trained with a seed, found by the digest of its spec."""
    wanted = digest(loaded.spec.model_copy(update={"seed": seed}))
    return [run for run in list_runs(directory) if run.facts.spec_digest == wanted][-1:]

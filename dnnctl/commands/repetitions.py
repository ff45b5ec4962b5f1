"""`dnnctl train --seeds N --folds K`: the same spec with N seeds and K folds, each run in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dnnctl.commands.budget import check_settled
from dnnctl.commands.parent import tied_to_this_process
from dnnctl.errors import DivergedError
from dnnctl.runner.interrupts import SIGNALS
from dnnctl.specs import LoadedSpec, Spec, digest, load
from dnnctl.specs.data import Fold, Validation
from dnnctl.specs.reading.spec_file import check_can_be_read_again
from dnnctl.store.catalog import Notify, keep_silent, list_runs, runs_directory
from dnnctl.store.purpose import Wanted
from dnnctl.store.recipe import Repetition
from dnnctl.store.record import RunRecord

MAX_SEED = 2**32


@dataclass
class Repetitions:
    """The runs of several seeds and folds, and the exit code of each process."""

    runs: list[RunRecord] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)


def train_repetitions(
    loaded: LoadedSpec,
    path: Path,
    runs_dir: Path | None,
    *,
    n_seeds: int = 1,
    n_folds: int = 0,
    options: Sequence[str] = (),
    on_start: Callable[[Repetition, int], None] = lambda _repetition, _number: None,
    notify: Notify = keep_silent,
) -> Repetitions:
    """Train with the seed of the spec and those that follow it, and each of them with every fold.

    If the spec reuses a run by name, and there is a run of that name with a model for each of these seeds, each seed
    reuses the run with the same seed; otherwise all seeds reuse the same run. Training stops at the first run that
    fails, except if it diverges.

    Args:
        n_folds: the number of folds of the training examples; 0 trains without cross-validation.
        options: further options of `dnnctl train`, such as `--quiet`.
        on_start: called with each repetition and its number, from 1, before it is trained.
        notify: called with a sentence that names the reused runs, if several have the given name.
    """
    directory = runs_directory(runs_dir)
    result = Repetitions()
    planned = _planned(loaded, path, directory, n_seeds, n_folds, notify)
    for number, (repetition, spec) in enumerate(planned, 1):
        on_start(repetition, number)
        result.codes.append(_train_one(spec, path, repetition, directory, options))
        result.runs += _run_of(spec, repetition, directory)
        if result.codes[-1] not in (0, DivergedError.exit_code):
            break
    return result


def planned_repetitions(
    loaded: LoadedSpec, path: Path, directory: Path, *, n_seeds: int, n_folds: int, notify: Notify
) -> list[tuple[Repetition, LoadedSpec]]:
    """Each repetition with its own spec. See `train_repetitions` for the arguments."""
    planned = _planned(loaded, path, directory, n_seeds, n_folds, notify)
    return [(each, load(path, [*spec.overrides, *_overrides(each)])) for each, spec in planned]


def _planned(
    loaded: LoadedSpec, path: Path, directory: Path, n_seeds: int, n_folds: int, notify: Notify
) -> list[tuple[Repetition, LoadedSpec]]:
    """Each repetition, with the spec that it changes."""
    check_can_be_read_again(path)
    check_settled(loaded, "`--seeds` and `--folds`")
    seeds = [(loaded.spec.seed + index) % MAX_SEED for index in range(n_seeds)]
    specs = _with_sources(loaded, seeds, directory, notify)
    folds = range(n_folds) if n_folds else [None]
    return [(Repetition(seed, fold, n_folds), specs[seed]) for seed in seeds for fold in folds]


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


def _train_one(loaded: LoadedSpec, path: Path, repetition: Repetition, directory: Path, options: Sequence[str]) -> int:
    command = [sys.executable, "-m", "dnnctl", "train", str(path), "--runs-dir", str(directory)]
    for override in (*loaded.overrides, *_overrides(repetition)):
        command += ["--set", override]
    code = _run_and_forward_signals([*command, *options])
    return code if code >= 0 else 128 - code


def _overrides(repetition: Repetition) -> list[str]:
    """The changes to the spec that make it a repetition; a fold replaces the size of the validation split."""
    found = [f"seed={repetition.seed}"]
    if repetition.fold is not None:
        fold = f"{{k: {repetition.n_folds}, number: {repetition.fold}}}"
        found += [f"data.validation.fold={fold}", "data.validation.size=none"]
    return found


def _run_and_forward_signals(command: list[str]) -> int:
    """Run a command and wait for it. It has its own process group, so that it receives each stop signal only once."""
    with subprocess.Popen(command, process_group=0, **tied_to_this_process()) as process:
        heeded = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, lambda n, _: process.send_signal(n)) for number in heeded}
        try:
            return process.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _run_of(loaded: LoadedSpec, repetition: Repetition, directory: Path) -> list[RunRecord]:
    """The run that was just trained, found by the digest of its spec."""
    wanted = digest(_repeated(loaded.spec, repetition))
    return [run for run in list_runs(directory) if run.facts.spec_digest == wanted][-1:]


def _repeated(spec: Spec, repetition: Repetition) -> Spec:
    """The spec of a repetition: what `--set` with `_overrides` makes of it."""
    spec = spec.model_copy(update={"seed": repetition.seed})
    if repetition.fold is None:
        return spec
    fold = Fold(k=repetition.n_folds, number=repetition.fold)
    before = Validation(fold=fold) if spec.data.validation == "none" else spec.data.validation
    validation = before.model_copy(update={"fold": fold, "size": "none"})
    return spec.model_copy(update={"data": spec.data.model_copy(update={"validation": validation})})

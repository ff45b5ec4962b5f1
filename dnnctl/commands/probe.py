"""`probe`: the signals and gradients of each layer of a spec or a run. Nothing is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnnctl.advice.diagnosis import Diagnosis
from dnnctl.advice.finding import Finding
from dnnctl.advice.remedy import remedies
from dnnctl.commands.pretrained import find_pretrained
from dnnctl.commands.runs import Weights, load_model
from dnnctl.commands.session import faults_located
from dnnctl.commands.stderr import stderr_to
from dnnctl.errors import Place, RunError
from dnnctl.events.event import ignore
from dnnctl.specs import LoadedSpec, load
from dnnctl.specs.path import Path as SpecPath
from dnnctl.specs.path import dotted
from dnnctl.specs.reading.yaml_writer import write_inline
from dnnctl.store.catalog import load_run
from dnnctl.store.layer_statistics import HEALTHY, Measurement
from dnnctl.store.metrics import finite
from dnnctl.store.pretrained import pretrained_copy
from dnnctl.store.purpose import Wanted
from dnnctl.store.record import RunRecord, check_sound

if TYPE_CHECKING:
    from dnnctl.runner.probing import ProbedTraining

N_STEPS = 100
Announce = Callable[[int, int, int], None]
"""Called with the number of probed examples, of those in a batch, and of steps."""


@dataclass(frozen=True)
class Remedy:
    """One thing to change; it may be enough."""

    yaml: tuple[str, ...]
    """The keys to write, each as `model.defaults.activation: relu`; empty if there is only advice."""
    places: tuple[Place | None, ...]
    """Where each of them is now, in the user's file; None in a run."""
    reason: str


@dataclass(frozen=True)
class Probed:
    """What a probe finds."""

    name: str
    """The name of the spec, or the id of the run."""
    diagnosis: Diagnosis
    """Of the network as a whole: what is wrong after the steps, and its cause if that is known from the start."""
    measurements: tuple[Measurement, ...]
    """Before the first step, and after the last one unless training diverged."""
    remedies: tuple[Remedy, ...]
    n_examples: int
    batch_size: int
    learning_rate: float
    """That of the last step."""
    diverged_at: int | None
    """The step, counted from 1, at which the loss became infinite or NaN."""
    notes: tuple[str, ...] = ()
    """The parts of training that the probe does not cover, each as a sentence."""

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is wrong."""
        return self.diagnosis.verdict == HEALTHY


def probe(
    what: LoadedSpec | RunRecord | str | Path,
    *,
    steps: int = N_STEPS,
    weights: Weights = "best",
    overrides: Sequence[str] = (),
    runs_dir: str | Path | None = None,
    announce: Announce | None = None,
) -> Probed:
    """Measure the layers on training examples, train for some steps that are thrown away, and measure them again.

    Args:
        what: a spec or its file, whose network has fresh weights; or a run, or its id, id prefix, name or folder, or
            `last`.
        steps: the number of steps; 0 to measure only once.
        weights: of a run: those of the best epoch or of the last one.
        overrides: of a spec: `KEY=VALUE`.
        announce: called before the first measurement.

    Raises:
        UserError: the spec, the data or the device is not valid, or the run has no such weights.
    """
    if isinstance(what, str | Path) and not is_spec(what):
        what = load_run(what, runs_dir, Wanted.MODEL)
    if isinstance(what, RunRecord):
        return _probe_run(what, steps, weights, announce)
    loaded = what if isinstance(what, LoadedSpec) else load(what, overrides)
    loaded, source = find_pretrained(loaded, runs_dir)
    with stderr_to(os.devnull), faults_located(loaded):
        from dnnctl.runner.probing import probe_training
        from dnnctl.runner.setup import prepare

        setup, dataset = prepare(loaded.spec, ignore, pretrained=source.path if source else None)
        found = probe_training(setup, dataset, steps, announce=announce)
    return _result(loaded.spec.name, loaded, found, is_own_file=True)


def is_spec(what: str | Path) -> bool:
    """Whether a path is that of a spec, not of a run."""
    return Path(what).is_file() or Path(what).suffix in (".yaml", ".yml")


def _probe_run(run: RunRecord, steps: int, weights: Weights, announce: Announce | None) -> Probed:
    """Probe the weights of a run. The steps start with a fresh optimizer, at the run's last learning rate."""
    check_sound(run)
    loaded = load(run.folder.spec)
    with stderr_to(os.devnull), faults_located(loaded):
        from dnnctl.builder.front import copy_weights
        from dnnctl.runner.checkpointing.resume import recorded_compilation
        from dnnctl.runner.probing import probe_training
        from dnnctl.runner.setup import prepare

        model: Any = load_model(run, weights)
        setup, dataset = prepare(
            loaded.spec, ignore, compilation=recorded_compilation(run), pretrained=pretrained_copy(run)
        )
        try:
            copy_weights(model, setup.model)
        except ValueError:
            raise RunError(f"{run.id} is damaged: its model is not the model of its spec.yaml.") from None
        rate = finite(run.rows[-1].get("learning_rate")) if run.rows else None
        found = probe_training(setup, dataset, steps, rate=rate or None, announce=announce)
    return _result(run.id, loaded, found, is_own_file=False)


def _result(name: str, loaded: LoadedSpec, found: ProbedTraining, *, is_own_file: bool) -> Probed:
    diagnosis, is_initial = _judge(found)
    return Probed(
        name,
        diagnosis,
        found.measurements,
        tuple(_remedy(each, loaded if is_own_file else None) for each in _remedies(loaded, diagnosis, is_initial)),
        found.n_examples,
        found.batch_size,
        found.learning_rate,
        found.diverged_at,
        tuple(_notes(loaded, found)) if is_own_file else (),
    )


def _judge(found: ProbedTraining) -> tuple[Diagnosis, bool]:
    """What is wrong with the network, and whether it is wrong before the first step.

    A network that is healthy after the steps has overcome what was wrong before.
    """
    first, last = found.measurements[0], found.measurements[-1]
    if first.verdict != HEALTHY and (last.verdict != HEALTHY or found.diverged_at is not None):
        return Diagnosis(first.verdict, first.blamed, first.reason), True
    if found.diverged_at is not None:
        reason = f"the loss became infinite or NaN at step {found.diverged_at:,}"
        return Diagnosis("exploding", (), reason), False
    return Diagnosis(last.verdict, last.blamed, last.reason), False


def _remedies(loaded: LoadedSpec, diagnosis: Diagnosis, is_initial: bool) -> list[Finding]:
    return remedies(loaded.spec, diagnosis, is_initial=is_initial)


def _remedy(finding: Finding, loaded: LoadedSpec | None) -> Remedy:
    if finding.fix is None:
        return Remedy((), (_place(finding.path, loaded),), finding.advice)
    changes = finding.fix.changes
    lines = tuple(f"{dotted(path)}: {write_inline(value)}" for path, value in changes)
    return Remedy(lines, tuple(_place(path, loaded) for path, _ in changes), finding.reason)


def _place(path: SpecPath, loaded: LoadedSpec | None) -> Place | None:
    return None if loaded is None else loaded.place(path)


def _notes(loaded: LoadedSpec, found: ProbedTraining) -> list[str]:
    """What the user should know about the result."""
    training, notes = loaded.spec.training, []
    first, last = found.measurements[0], found.measurements[-1]
    if first.verdict != HEALTHY and last.verdict == HEALTHY and found.diverged_at is None:
        notes.append(f"It was {first.verdict} before the first step ({first.reason}), but training overcame it.")
    if first.verdict != HEALTHY and found.diverged_at is not None:
        notes.append(f"The loss became infinite or NaN at step {found.diverged_at:,}.")
    if training.pretraining.kind != "none":
        notes.append("Pretraining is not included: the weights are fresh.")
    if not training.is_settled:
        notes.append(f"The rates are those of {training.epochs} epochs: training.budget leaves their number open.")
    if training.phases != "none" and len(training.phases) > 1:
        notes.append("The steps are those of phase 1.")
    return notes

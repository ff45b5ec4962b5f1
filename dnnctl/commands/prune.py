"""`prune`: a trained run in, a run with the small weights of its best model set to zero out."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnnctl.commands.session import faults_located
from dnnctl.commands.stderr import stderr_to
from dnnctl.errors import RunError, UserError
from dnnctl.events.event import ignore
from dnnctl.specs import digest, load, to_plain, to_yaml
from dnnctl.store.catalog import load_run
from dnnctl.store.creation import Blueprint, add_facts, create_run
from dnnctl.store.files import write_json, write_through
from dnnctl.store.history import record_event
from dnnctl.store.pretrained import pretrained_copy
from dnnctl.store.record import RunRecord, Status

if TYPE_CHECKING:
    from dnnctl.runner.setup import Setup

Figures = dict[str, dict[str, float] | None]


@dataclass(frozen=True)
class PrunedLayer:
    """One layer's kernel."""

    name: str
    n: int
    """Its weights."""
    zeros_before: int
    zeros: int


@dataclass(frozen=True)
class Pruning:
    """What was set to zero, and what it did."""

    run: str
    """The run that was pruned."""
    threshold: float
    """Kernel weights below it in magnitude are zero now."""
    layers: list[PrunedLayer]
    before: Figures
    """The loss and the metrics on validation and test."""
    after: Figures

    @property
    def sparsity(self) -> float:
        """The share of zeros in all kernels."""
        return sum(layer.zeros for layer in self.layers) / sum(layer.n for layer in self.layers)

    def as_json(self) -> dict[str, Any]:
        """The same as a JSON object."""
        return {**asdict(self), "sparsity": self.sparsity}


def prune(
    reference: str | Path,
    *,
    threshold: float | None = None,
    sparsity: float | None = None,
    name: str | None = None,
    runs_dir: str | Path | None = None,
) -> tuple[RunRecord, Pruning]:
    """Set the small kernel weights of a run's best model to zero; the result is a new run, the other stays as it is.

    Biases, and the weights of normalizations and activations, are left alone.

    Args:
        threshold: weights below it in magnitude become zero.
        sparsity: the share of all kernel weights that becomes zero, the smallest ones.
        name: what the new run is called; by default as the other one, with `-pruned`.

    Raises:
        UserError: not exactly one of both is given or it is out of range, or the run has no model or other data now.
    """
    _check(threshold, sparsity)
    parent = load_run(reference, runs_dir)
    loaded = load(parent.folder.spec, [f"name={name or f'{parent.name[:57]}-pruned'}"])
    with stderr_to(os.devnull), faults_located(loaded):
        from dnnctl.builder.pruning import kernels, magnitude_at, set_to_zero
        from dnnctl.runner.checkpointing.resume import data_facts, recorded_compilation
        from dnnctl.runner.results import ROLES, measure, plain_model, write_predictions
        from dnnctl.runner.setup import make_engine, place, prepare

        best = parent.model()
        setting = prepare(loaded.spec, ignore, compilation=recorded_compilation(parent), source=pretrained_copy(parent))
        if parent.facts.get("data") not in (None, data_facts(setting)):
            raise RunError(f"The data of {parent.id} have changed since it was trained: nothing could be compared.")
        setting.model.set_weights(best.get_weights())
        engine = make_engine(setting)
        parts = {role: place(setting, getattr(setting.dataset, role)) for role in ROLES}
        before = measure(engine, parts)
        found = kernels(setting.model)
        limit = threshold if threshold is not None else magnitude_at(found, sparsity or 0.0)
        layers = [PrunedLayer(*counts) for counts in set_to_zero(found, limit)]
        pruning = Pruning(parent.id, limit, layers, before, measure(engine, parts))
        blueprint = Blueprint(
            name=loaded.spec.name,
            digest=digest(loaded.spec),
            spec=to_yaml(loaded.spec),
            source=loaded.source,
            plain=to_plain(loaded.spec),
            seed=loaded.spec.seed,
            reuse=parent.facts.get("reuse"),
            reused=pretrained_copy(parent),
        )
        run = create_run(parent.path.parent if runs_dir is None else Path(runs_dir), blueprint)
        record_event(run.folder, event="started", pid=os.getpid())
        inherited = {key: parent.facts.get(key) for key in ("device", "data", "compile", "parameters", "layers")}
        add_facts(run, **inherited, pruned=pruning.as_json())
        plain = plain_model(setting)
        write_through(run.folder.model, plain.save)
        write_predictions(run.folder, setting, engine, parts)
        write_json(run.folder.summary, _summary(run, parent, pruning, setting))
    record_event(run.folder, event="ended", end=str(Status.FINISHED))
    return RunRecord(run.folder), pruning


def _check(threshold: float | None, sparsity: float | None) -> None:
    if (threshold is None) == (sparsity is None):
        raise UserError("Say what is to be zero: --threshold 0.01 (weights below it) or --sparsity 0.8 (their share).")
    if threshold is not None and not 0 < threshold < float("inf"):
        raise UserError(f"--threshold {threshold:g}: it must be a number above 0.")
    if sparsity is not None and not 0 < sparsity < 1:
        raise UserError(f"--sparsity {sparsity:g}: it must be a share between 0 and 1.")


def _summary(run: RunRecord, parent: RunRecord, pruning: Pruning, setting: Setup) -> dict[str, Any]:
    """As a training's, with the epochs and steps of the one that was pruned."""
    best = dict(parent.best)
    best |= {f"val_{name}": value for name, value in (pruning.after["validation"] or {}).items()}
    return {
        "id": run.id,
        "name": setting.spec.name,
        "stopped_early": False,
        "epochs": parent.epochs,
        "steps": best.get("step", 0),
        "monitor": parent.monitor,
        "best_epoch": best.get("epoch", 0),
        "best": best,
        "parameters": parent.facts.get("parameters"),
        "task": setting.dataset.task,
        "loss": setting.head.loss,
        "device": setting.device.name,
        "compile": setting.compilation.mode,
        "training_seconds": 0.0,
        **pruning.after,
        "seconds": 0.0,
    }

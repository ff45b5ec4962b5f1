"""`prune`: a new run from a trained one, with the small weights of its best model set to zero."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dnnctl.commands.evaluate import set_weights
from dnnctl.commands.runs import Run, load_model
from dnnctl.commands.session import faults_located
from dnnctl.commands.stderr import stderr_to
from dnnctl.commands.train import make_blueprint
from dnnctl.errors import RunError, UserError
from dnnctl.events.event import ignore
from dnnctl.specs import LoadedSpec, load
from dnnctl.store.alteration import check_unaltered
from dnnctl.store.catalog import load_run
from dnnctl.store.facts import HistoryEntry, PrunedFacts, PrunedLayer, Summary
from dnnctl.store.pretrained import pretrained_copy
from dnnctl.store.purpose import Wanted
from dnnctl.store.record import RunRecord, Status, check_sound
from dnnctl.store.writer import RunWriter

if TYPE_CHECKING:
    from dnnctl.runner.setup import Setup


def prune(
    reference: str | Path,
    *,
    threshold: float | None = None,
    sparsity: float | None = None,
    name: str | None = None,
    runs_dir: str | Path | None = None,
) -> tuple[Run, PrunedFacts]:
    """Set the small kernel weights of a run's best model to zero. The result is a new run; the original is unchanged.

    Biases and the weights of normalizations and activations do not change.

    Args:
        reference: the run's folder, id, id prefix or name, or `last`.
        threshold: weights with a smaller magnitude are set to zero.
        sparsity: the fraction of all kernel weights that is set to zero, smallest first.
        name: the name of the new run; by default that of the original followed by `-pruned`.

    Raises:
        UserError: not exactly one of `threshold` and `sparsity` is given, the value is out of range, the run has no
            model or was altered since training, or its data have changed.
    """
    _check(threshold, sparsity)
    parent = load_run(reference, runs_dir, Wanted.MODEL)
    check_sound(parent)
    check_unaltered(parent, parent.folder.model)
    loaded = load(parent.folder.spec, [f"name={name or f'{parent.name[:57]}-pruned'}"])
    with stderr_to(os.devnull), faults_located(loaded):
        return _prune(parent, loaded, threshold, sparsity, parent.path.parent if runs_dir is None else Path(runs_dir))


def _prune(
    parent: RunRecord, loaded: LoadedSpec, threshold: float | None, sparsity: float | None, directory: Path
) -> tuple[Run, PrunedFacts]:
    from dnnctl.builder.pruning import kernels, magnitude_at, set_to_zero
    from dnnctl.runner.checkpointing.resume import recorded_compilation
    from dnnctl.runner.examples import place_all
    from dnnctl.runner.results import measure, plain_model, write_predictions
    from dnnctl.runner.setup import prepare

    source = pretrained_copy(parent)
    setup, dataset = prepare(loaded.spec, ignore, compilation=recorded_compilation(parent), pretrained=source)
    if parent.facts.data not in (None, setup.data):
        raise RunError(f"The data of {parent.id} have changed since it was trained, so metrics cannot be compared.")
    set_weights(setup.model, load_model(parent), parent)
    examples = place_all(setup, dataset)
    engine = setup.engine(examples.train)
    before = measure(engine, examples.measured)
    found = kernels(setup.model)
    limit = threshold if threshold is not None else magnitude_at(found, sparsity or 0.0)
    layers = tuple(PrunedLayer(*counts) for counts in set_to_zero(found, limit))
    pruned = PrunedFacts(
        run=parent.id,
        threshold=limit,
        sparsity=sum(layer.zeros for layer in layers) / sum(layer.n for layer in layers),
        layers=layers,
        before=dict(before),
        after=dict(measure(engine, examples.measured)),
    )
    blueprint = replace(make_blueprint(loaded), reuse=parent.facts.reuse, pretrained=source)
    with RunWriter.create(directory, blueprint) as writer:
        try:
            facts = parent.facts
            writer.add_facts(
                device=facts.device,
                data=facts.data,
                target=facts.target,
                input_range=facts.input_range,
                compile=facts.compile,
                parameters=facts.parameters,
                layers=facts.layers,
                pruned=pruned,
            )
            if setup.encoding is not None:
                writer.write_encoding(setup.encoding)
            writer.start("started")
            writer.write_model(plain_model(setup).save)
            write_predictions(writer, setup, engine, examples)
            writer.write_summary(_summary(writer, parent, pruned, setup))
            writer.add_history(HistoryEntry("ended", end=str(Status.FINISHED)))
        except BaseException:
            writer.discard()
            raise
        return Run(writer.folder), pruned


def _check(threshold: float | None, sparsity: float | None) -> None:
    if threshold is not None and sparsity is not None:
        raise UserError("--threshold and --sparsity cannot be used together. Give one of them.")
    if threshold is None and sparsity is None:
        raise UserError(
            "Give --threshold or --sparsity. --threshold 0.01 sets weights below 0.01 in magnitude to zero, "
            "--sparsity 0.8 the smallest 80 % of them."
        )
    if threshold is not None and not 0 < threshold < float("inf"):
        raise UserError(f"--threshold: must be greater than 0. Received: {threshold:g}.")
    if sparsity is not None and not 0 < sparsity < 1:
        raise UserError(f"--sparsity: must be between 0 and 1. Received: {sparsity:g}.")


def _summary(writer: RunWriter, parent: RunRecord, pruned: PrunedFacts, setup: Setup) -> Summary:
    """The summary of the pruned run, with the epochs and steps of the original."""
    best = dict(parent.best)
    best |= {f"val_{name}": value for name, value in (pruned.after.get("validation") or {}).items()}
    validation, test = pruned.after.get("validation"), pruned.after.get("test")
    return Summary(
        id=writer.folder.id,
        name=setup.spec.name,
        epochs=parent.epochs,
        steps=int(best.get("step", 0)),
        monitor=parent.monitor,
        best_epoch=int(best.get("epoch", 0)),
        best=best,
        parameters=parent.facts.parameters,
        task=setup.target.task,
        loss=setup.head.loss,
        target_scaling=parent.summary.target_scaling if parent.summary else None,
        device=setup.device.name,
        compile=setup.compilation.mode,
        training_seconds=0.0,
        validation=validation,
        test=test,
        seconds=0.0,
    )

"""Runs on disk that were never trained, for tests of the light commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from dnnctl.store.blueprint import Blueprint
from dnnctl.store.facts import (
    DataFacts,
    DeviceFacts,
    HistoryEntry,
    LayerFacts,
    ParentFacts,
    PrunedFacts,
    ReuseFacts,
    Summary,
    TargetFacts,
)
from dnnctl.store.labels import Labels
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter

SPEC: dict[str, Any] = {
    "data": {"source": {"kind": "npz", "path": "/nowhere.npz"}},
    "model": {"defaults": {"activation": "relu"}, "layers": ["flatten", {"kind": "dense", "units": 8}]},
    "optimizer": {"kind": "sgd", "learning_rate": 0.1},
}


def make_run(directory: Path, name: str = "net", digest: str = "beef0123") -> RunRecord:
    """A run whose training has not started."""
    blueprint = Blueprint(name, digest, "spec: 1\n", "source: 1\n", ["a=1"], ["dnnctl", "train"], 5)
    with RunWriter.create(directory, blueprint) as writer:
        return writer.read()


def store_run(
    directory: Path,
    name: str = "net",
    *,
    right: np.ndarray | None = None,
    accuracy: float = 0.8,
    epochs: int = 3,
    seed: int = 1,
    data: str = "d",
    fold: tuple[int, int] | None = None,
    spec_digest: str = "",
    task: str = "classes",
    predictions: dict[str, Any] | None = None,
    counts: dict[str, tuple[int, ...]] | None = None,
    **spec: Any,
) -> RunRecord:
    """A finished run.

    Args:
        data: the digest of its data.
        fold: the number of its validation fold, and the number of folds.
        predictions: the arrays of its predictions.npz.
        counts: by split, the number of examples of each class or label.
        right: for each test example whether its prediction is right; the accuracy follows.
        spec: sections that differ from the usual spec.
    """
    plain = {"name": name, "seed": seed, **SPEC, **spec}
    if fold is not None:
        plain["data"] = SPEC["data"] | {"validation": {"fold": {"number": fold[0], "k": fold[1]}}}
    digest = spec_digest or f"{crc32(f'{name} {seed}'.encode()):08x}"
    with RunWriter.create(directory, Blueprint(name, digest, "", "", seed=seed, plain=plain)) as writer:
        folder = writer.folder
        if right is not None:
            accuracy = float(np.mean(right))
            labels = np.arange(len(right)) % 3
            guesses = np.where(right, labels, (labels + 1) % 3)
            probabilities = np.full((len(right), 3), 0.1, np.float32)
            probabilities[np.arange(len(right)), guesses] = 0.8
            np.savez(folder.predictions, test_predictions=probabilities, test_labels=labels, class_names=list("abc"))
        if predictions is not None:
            np.savez(folder.predictions, **predictions)
        if counts is not None:
            writer.add_facts(target=TargetFacts(task, counts=counts))
        for epoch in range(1, epochs + 1):
            row = {"epoch": epoch, "step": 10 * epoch, "seconds": 0.5, "learning_rate": 0.1, "loss": 1 / epoch}
            writer.append_row({**row, "accuracy": accuracy, "val_loss": 2 / epoch, "val_accuracy": accuracy})
        writer.add_facts(
            data=DataFacts(data, f"s{fold}" if fold else "s"), parameters=99, device=DeviceFacts("cpu", "CPU")
        )
        best = {"epoch": epochs, "step": 10 * epochs, "seconds": 0.5, "val_loss": 2 / epochs, "val_accuracy": accuracy}
        measured = {"loss": 0.5, "accuracy": accuracy}
        writer.write_summary(
            Summary(
                epochs=epochs, steps=10 * epochs, monitor="val_loss", best_epoch=epochs, best=best, parameters=99,
                task=task, loss="sparse_categorical_crossentropy", training_seconds=0.5 * epochs, seconds=1.0,
                validation=measured, test=measured, state="0",
            )
        )  # fmt: skip
        return writer.read()


def interrupt(run: RunRecord) -> RunRecord:
    """Make a finished run one whose training was killed before its results were written."""
    run.folder.summary.unlink()
    entries = [json.loads(line) for line in run.folder.history.read_text().splitlines()]
    kept = [entry for entry in entries if not entry.get("seal")]
    run.folder.history.write_text("".join(f"{json.dumps(entry)}\n" for entry in kept))
    return RunRecord(run.folder)


def complete(run: RunRecord, parent: RunRecord) -> RunRecord:
    """Give a finished run everything that a run can have; return the run."""
    with RunWriter.open(run) as writer:
        writer.add_facts(
            parent=ParentFacts(parent.id, "epoch-0001-step-10", 1, 10),
            reuse=ReuseFacts("/e/model.keras", "0", parent.id, ("dense_1",)),
            pruned=PrunedFacts(parent.id, 0.1, 0.8),
            layers=(LayerFacts("dense_1", "8", 99),),
        )
        writer.add_history(HistoryEntry("restored", checkpoint="epoch-0001-step-10"))
        writer.append_row({"epoch": 1, "step": 1, "seconds": 1, "part": "dense_1", "loss": 0.5}, "pretraining")
        writer.change_labels(lambda _: Labels(run.name, ("good", "new"), "a note"))
        writer.log("run")
        writer.write_model(lambda aside: aside.write_bytes(b"PK\x03\x04 no model"))
        assert run.summary is not None
        writer.write_summary(run.summary)
        writer.add_history(HistoryEntry("ended", end="finished"))
        return writer.read()


def add_facts(run: RunRecord, **facts: Any) -> RunRecord:
    """Add facts to a run's run.json; return the run with them."""
    with RunWriter.open(run) as writer:
        writer.add_facts(**facts)
        if run.summary is not None:
            writer.write_summary(run.summary)
        return writer.read()

"""Facts in words: the lines that are printed where there is no live display, and that log.txt keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dnnctl.events.event import (
    DataReady,
    Downloading,
    EpochEnded,
    Event,
    Forked,
    ModelReady,
    PhaseStarted,
    PretrainingEpochEnded,
    PretrainingStarted,
    RateFound,
    Restored,
    Reused,
    RunEnded,
    RunOpened,
    RunStopped,
    StepsDone,
)
from dnnctl.store.difference import Change
from dnnctl.store.metrics import format_metrics
from dnnctl.text import format_seconds


class Wording:
    """Tells a run fact by fact; it remembers how many epochs are planned."""

    def __init__(self) -> None:
        self.epochs = self.pretraining_epochs = 0

    def tell(self, fact: Event) -> list[str]:
        """The fact as lines of text; most facts are one line, progress within an epoch is none."""
        if isinstance(fact, ModelReady):
            self.epochs = fact.epochs
        if isinstance(fact, PretrainingStarted):
            self.pretraining_epochs = fact.epochs
        return WORDINGS[type(fact)](self, fact)

    def _epoch(self, fact: EpochEnded) -> list[str]:
        return [f"epoch {_row(fact.row, self.epochs)}{'  best' if fact.is_best else ''}"]

    def _pretraining_epoch(self, fact: PretrainingEpochEnded) -> list[str]:
        return [f"pretraining epoch {_row(fact.row, self.pretraining_epochs)}"]


def _row(row: dict[str, Any], epochs: int) -> str:
    """An epoch of so many: its number, metrics, rate and time."""
    rate = f"rate {row['learning_rate']:<8.3g}"
    return f"{row['epoch']:>{len(str(epochs))}}/{epochs}  {format_metrics(row)}  {rate}  {row['seconds']:.2f} s"


def _opened(_: Wording, fact: RunOpened) -> list[str]:
    lines = [f"run {fact.run}"]
    if fact.description:
        lines.append(fact.description)
    return lines


def _forked(_: Wording, fact: Forked) -> list[str]:
    lines = [f"fork of {fact.parent} at {fact.checkpoint}"]
    lines += [f"  {Change(**change)}" for change in fact.changes]
    return lines if fact.changes else [*lines, "  the spec is the same"]


def _data(_: Wording, fact: DataReady) -> list[str]:
    shape = " × ".join(str(size) for size in fact.input_shape)
    counts = f"{fact.n_train:,} training"
    counts += f", {fact.n_validation:,} validation" if fact.n_validation else ""
    counts += f", {fact.n_test:,} test" if fact.n_test else ""
    unit = "classes" if fact.task == "classes" else ("number" if fact.n_outputs == 1 else "numbers")
    return [f"data: {counts} examples of {shape}, {fact.n_outputs} {unit}"]


def _model(_: Wording, fact: ModelReady) -> list[str]:
    fixed = fact.parameters - fact.trainable_parameters
    parameters = f"{fact.parameters:,} parameters" + (f" ({fixed:,} not trained)" if fixed else "")
    steps = f"{fact.epochs} epochs of {fact.steps_per_epoch:,} steps"
    precision = "" if fact.precision == "float32" else f", {fact.precision}"
    compiled = f"{fact.compile} ({fact.compile_reason})"
    return [f"model: {parameters}, {fact.loss}", f"training: {steps} on {fact.device}{precision}, {compiled}"]


def _phase(_: Wording, fact: PhaseStarted) -> list[str]:
    frozen = f"{', '.join(fact.frozen)} frozen" if fact.frozen else "nothing frozen"
    optimizer = f"{'fresh ' if fact.is_fresh else ''}{fact.optimizer}"
    counts = f"{fact.epochs} epochs, {fact.trainable_parameters:,} parameters trained by {optimizer}"
    return [f"phase {fact.phase} of {fact.n_phases}: {counts}, {frozen}"]


def _pretraining(_: Wording, fact: PretrainingStarted) -> list[str]:
    part = f" {fact.number} of {fact.n_parts}" if fact.n_parts > 1 else ""
    counts = f"{fact.epochs} epochs of {fact.steps_per_epoch:,} steps on {fact.n_examples:,} examples without labels"
    return [f"pretraining{part}: {fact.kind} of {fact.part}, {counts}"]


def _restored(_: Wording, fact: Restored) -> list[str]:
    lines = [f"not usable: {each}" for each in fact.damaged]
    if fact.checkpoint is None:
        lines.append("no usable checkpoint: starting over from the spec")
    else:
        lines.append(f"resuming from {fact.checkpoint}: initial_epoch {fact.initial_epoch}, step {fact.step:,}")
    lines += [f"anew: {each}" for each in fact.anew]
    if fact.approximate:
        lines.append(f"resume: approximate ({'; '.join(fact.approximate)})")
    return lines


def _ended(_: Wording, fact: RunEnded) -> list[str]:
    summary = fact.summary
    how = "stopped early" if summary["stopped_early"] else "finished"
    lines = [f"{how} after {summary['epochs']} epochs in {format_seconds(summary['seconds'])}"]
    lines.append(f"best epoch: {summary['best_epoch']} by {summary['monitor']}; its weights are in model.keras")
    roles = [role for role in ("validation", "test") if summary[role]]
    return lines + [f"{role}: {format_metrics(summary[role])}" for role in roles]


WORDINGS: dict[type[Event], Callable[[Wording, Any], list[str]]] = {
    RunOpened: _opened,
    Forked: _forked,
    Downloading: lambda _, _fact: [],
    DataReady: _data,
    ModelReady: _model,
    PhaseStarted: _phase,
    PretrainingStarted: _pretraining,
    PretrainingEpochEnded: Wording._pretraining_epoch,
    Reused: lambda _, fact: [f"weights of {', '.join(fact.layers)} taken from {fact.source}"],
    RateFound: lambda _, fact: [f"max_rate {fact.max_rate:.3g}: {fact.reason}"],
    Restored: _restored,
    StepsDone: lambda _, _fact: [],
    EpochEnded: Wording._epoch,
    RunEnded: _ended,
    RunStopped: lambda _, fact: [f"{fact.status}: {fact.reason}"],
}

"""Events in words: the lines of log.txt, and of standard output without a live display."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dnnctl.events.data_wording import baseline_line, detail_lines, measured_baseline, size_line, target_lines
from dnnctl.events.event import (
    BudgetOpened,
    BudgetSettled,
    DataReady,
    Downloading,
    EpochEnded,
    Event,
    Forked,
    ModelReady,
    PhaseStarted,
    PretrainingEpochEnded,
    PretrainingStarted,
    RangeTestStarted,
    RateFound,
    ReadingFiles,
    Restored,
    Reused,
    RolledBack,
    RunEnded,
    RunOpened,
    RunStopped,
    StepsDone,
    Warned,
    WorkerEnded,
    WorkerJoined,
)
from dnnctl.store.facts import Metrics, Row
from dnnctl.store.metrics import format_metrics
from dnnctl.text import format_count, format_seconds


class Wording:
    """Describes the events of one run in words. Remembers the planned number of epochs.

    Args:
        width: the characters of a line on the terminal; None for no limit.
    """

    def __init__(self, width: int | None = None) -> None:
        self.width = width
        self.epochs = self.pretraining_epochs = 0

    def lines(self, event: Event) -> list[str]:
        """The event as lines of text: usually one line; none for progress within an epoch."""
        if isinstance(event, ModelReady):
            self.epochs = event.epochs
        if isinstance(event, PretrainingStarted):
            self.pretraining_epochs = event.epochs
        return WORDINGS[type(event)](self, event)

    def _epoch(self, event: EpochEnded) -> list[str]:
        lines = [f"epoch {_row(event.row, self.epochs)}{'  best' if event.is_best else ''}"]
        if event.stopped_early and "phase" in event.row:
            lines.append(f"phase {event.row['phase']} stopped early, after epoch {event.row['epoch']}")
        return lines

    def _pretraining_epoch(self, event: PretrainingEpochEnded) -> list[str]:
        return [f"pretraining epoch {_row(event.row, self.pretraining_epochs)}"]


def _row(row: Row, epochs: int) -> str:
    """An epoch's number, metrics, rate and time."""
    rate = f"rate {row['learning_rate']:<8.3g}"
    return f"{row['epoch']:>{len(str(epochs))}}/{epochs}  {format_metrics(row)}  {rate}  {row['seconds']:.2f} s"


def _minutes(minutes: float) -> str:
    return f"{minutes:g} {'minute' if minutes == 1 else 'minutes'}"


def _budget(_: Wording, event: BudgetSettled) -> list[str]:
    otherwise = f"{format_seconds(event.seconds_otherwise)} for everything else"
    limit = ", as `training.epochs` says; more would fit" if event.is_limited else ""
    return [
        f"budget: {_minutes(event.minutes)}: {format_count(event.epochs, 'epoch')}{limit} "
        f"(about {event.seconds_per_epoch:.2g} s for each, {otherwise})"
    ]


def _opened(_: Wording, event: RunOpened) -> list[str]:
    return [f"run {event.run}", *event.description.splitlines()]


def _forked(_: Wording, event: Forked) -> list[str]:
    lines = [f"fork of {event.parent} at {event.checkpoint}"]
    lines += [f"  {change}" for change in event.changes]
    return lines if event.changes else [*lines, "  the spec is unchanged"]


def _data(wording: Wording, event: DataReady) -> list[str]:
    details = [] if event.data.is_built_in else detail_lines(event.data, wording.width)
    return [size_line(event.data), *details]


def _model(_: Wording, event: ModelReady) -> list[str]:
    fixed = event.parameters - event.trainable_parameters
    parameters = f"{event.parameters:,} parameters" + (f" ({fixed:,} non-trainable)" if fixed else "")
    steps = f"{format_count(event.epochs, 'epoch')} of {format_count(event.steps_per_epoch, 'step')}"
    precision = "" if event.precision == "float32" else f", {event.precision}"
    compiled = f"{event.compile} ({event.compile_reason})"
    targets = {"standardize": " of standardized targets", "log": " of standardized logarithms of targets"}
    loss = event.loss + targets.get(event.target_scaling or "", "")
    replicas = f", {event.replicas} replicas" if event.replicas > 1 else ""
    device = f"{event.device}{replicas}{precision}"
    return [f"model: {parameters}, {loss}", f"training: {steps} on {device}, {compiled}"]


def _joined(_: Wording, event: WorkerJoined) -> list[str]:
    return [f"worker {event.worker} of {event.n_workers}, numbered from 0: assists the chief at {event.chief}"]


def _worker_ended(_: Wording, event: WorkerEnded) -> list[str]:
    return [f"worker {event.worker} has done its part"]


def _phase(_: Wording, event: PhaseStarted) -> list[str]:
    frozen = f"{', '.join(event.frozen)} frozen" if event.frozen else "no layers frozen"
    optimizer = f"{'a new ' if event.is_new_optimizer else ''}{event.optimizer}"
    trained = f"{event.trainable_parameters:,} parameters trained by {optimizer}"
    epochs = format_count(event.epochs, "epoch")
    return [f"phase {event.phase} of {event.n_phases}: {epochs}, {trained}, {frozen}"]


def _pretraining(_: Wording, event: PretrainingStarted) -> list[str]:
    part = f" {event.number} of {event.n_parts}" if event.n_parts > 1 else ""
    steps = f"{format_count(event.epochs, 'epoch')} of {format_count(event.steps_per_epoch, 'step')}"
    examples = f"{event.n_examples:,} examples without labels"
    return [f"pretraining{part}: {event.kind} of {event.part}, {steps} on {examples}"]


def _reused(_: Wording, event: Reused) -> list[str]:
    renamed = [f"{theirs} as {ours}" for theirs, ours in event.matched if theirs != ours]
    lines = [f"weights of {', '.join(event.layers)} copied from {event.source}, inputs scaled by `{event.scaling}`"]
    return [*lines, f"  {', '.join(renamed)}"] if renamed else lines


def _restored(_: Wording, event: Restored) -> list[str]:
    lines = [f"skipped checkpoint {each}" for each in event.damaged]
    if event.checkpoint is None:
        lines.append("no usable checkpoint: training starts from scratch")
    else:
        verb = "starting" if event.is_origin else "resuming"
        lines.append(f"{verb} from {event.checkpoint}: initial_epoch {event.initial_epoch}, step {event.step:,}")
    lines += [f"reset: {each}" for each in event.reset]
    if event.approximate:
        lines.append(f"resume: approximate ({'; '.join(event.approximate)})")
    return lines


def _rolled_back(_: Wording, event: RolledBack) -> list[str]:
    rates = f"learning rates × {event.factor:g} from step {event.step:,}"
    return [event.reason, f"rolled back to {event.checkpoint} ({event.number} of {event.times}): {rates}"]


def _ended(_: Wording, event: RunEnded) -> list[str]:
    summary = event.summary
    how = "stopped early" if summary.stopped_early else "finished"
    lines = [f"{how} after {format_count(summary.epochs, 'epoch')} in {format_seconds(summary.seconds or 0.0)}"]
    lines.append(f"best epoch: {summary.best_epoch} by {summary.monitor} (model.keras)")
    lines += _measured(summary.validation, summary.test) + target_lines(summary)
    if summary.last is not None and summary.last.epoch != summary.best_epoch:
        lines.append(f"last epoch: {summary.last.epoch} (last.keras)")
        lines += _measured(summary.last.validation, summary.last.test)
    if (measured := measured_baseline(summary)) is not None:
        lines.append(baseline_line(measured[0], summary.task or "", measured[1]))
    return lines + [f"advice: {each}" for each in event.advice]


def _measured(validation: Metrics | None, test: Metrics | None) -> list[str]:
    found = {"validation": validation, "test": test}
    return [f"  {role}: {format_metrics(metrics)}" for role, metrics in found.items() if metrics]


WORDINGS: dict[type[Event], Callable[[Wording, Any], list[str]]] = {
    BudgetOpened: lambda _, event: [f"budget: {_minutes(event.minutes)}; measuring the speed …"],
    BudgetSettled: _budget,
    RunOpened: _opened,
    Warned: lambda _, event: [f"warning: {event.message}"],
    Forked: _forked,
    Downloading: lambda _, _event: [],
    ReadingFiles: lambda _, _event: [],
    DataReady: _data,
    ModelReady: _model,
    PhaseStarted: _phase,
    PretrainingStarted: _pretraining,
    PretrainingEpochEnded: Wording._pretraining_epoch,
    WorkerJoined: _joined,
    WorkerEnded: _worker_ended,
    Reused: _reused,
    RangeTestStarted: lambda _, event: [
        f"range test: {format_count(event.n_steps, 'step')}, learning rate from {event.lowest:g} to {event.highest:g}"
    ],
    RateFound: lambda _, event: [f"max_rate {event.max_rate:.3g}: {event.reason}"],
    Restored: _restored,
    RolledBack: _rolled_back,
    StepsDone: lambda _, _event: [],
    EpochEnded: Wording._epoch,
    RunEnded: _ended,
    RunStopped: lambda _, event: [f"{event.status}: {event.reason}"],
}

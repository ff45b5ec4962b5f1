"""What training reports while it runs. Training prints nothing: the caller shows, saves or ignores each event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from dnnctl.store.data_facts import DataDescription
from dnnctl.store.difference import Change
from dnnctl.store.facts import LayerFacts, Row, Summary
from dnnctl.store.training_advice import TrainingAdvice


@dataclass(frozen=True)
class Event:
    """Something that happened."""

    event: ClassVar[str]

    def as_json(self) -> dict[str, Any]:
        """The event as a JSON object."""
        return {"event": self.event, **asdict(self)}


Report = Callable[[Event], None]
"""Called with each event as it happens."""


@dataclass(frozen=True)
class BudgetOpened(Event):
    """The speed is being measured, to find the number of epochs that fit into `training.budget`."""

    event = "budget_opened"
    minutes: float


@dataclass(frozen=True)
class BudgetSettled(Event):
    """The number of epochs is chosen for `training.budget`."""

    event = "budget_settled"
    minutes: float
    epochs: int
    seconds_per_epoch: float
    """The expected time of an epoch, with its validation and its checkpoint."""
    seconds_otherwise: float
    """The expected time of everything else: this measurement, starting to train, the results."""
    is_limited: bool
    """Whether more epochs would fit, but `training.epochs` limits them."""


@dataclass(frozen=True)
class RunOpened(Event):
    """The run's folder exists and holds the spec; no heavy module is loaded yet."""

    event = "run_opened"
    run: str
    path: str
    description: str
    data: str
    seed: int


@dataclass(frozen=True)
class Forked(Event):
    """The run starts from the state of another run."""

    event = "forked"
    parent: str
    checkpoint: str
    changes: list[Change]
    """The keys of the spec that differ from the parent's."""


@dataclass(frozen=True)
class Downloading(Event):
    """Part of a data file has been downloaded."""

    event = "downloading"
    file: str
    bytes_done: int
    bytes_total: int


@dataclass(frozen=True)
class ReadingFiles(Event):
    """Some of the files in a folder have been read for the first time, which takes minutes for large images."""

    event = "reading_files"
    folder: str
    bytes_done: int
    bytes_total: int


def report_progress(report: Report, name: str, done: int, total: int, *, is_download: bool = True) -> None:
    """Report how many bytes of a file have been downloaded, or how many bytes in a folder have been read."""
    report((Downloading if is_download else ReadingFiles)(name, done, total))


@dataclass(frozen=True)
class DataReady(Event):
    """The examples are loaded and split."""

    event = "data_ready"
    data: DataDescription

    def as_json(self) -> dict[str, Any]:
        """The event as a JSON object."""
        return {"event": self.event, **asdict(self.data)}


@dataclass(frozen=True)
class ModelReady(Event):
    """The model is built."""

    event = "model_ready"
    parameters: int
    trainable_parameters: int
    loss: str
    device: str
    compile: str
    compile_reason: str
    precision: str
    epochs: int
    steps_per_epoch: int
    layers: list[LayerFacts] = field(default_factory=list)
    target_scaling: str | None = None
    """`standardize` or `log`, if the loss is that of scaled targets."""
    replicas: int = 1
    """The number of replicas that share the examples of a batch."""


@dataclass(frozen=True)
class Warned(Event):
    """Part of the spec may not do what the user expects."""

    event = "warned"
    message: str


@dataclass(frozen=True)
class WorkerJoined(Event):
    """The process assists the chief of a distributed training, which writes the run."""

    event = "worker_joined"
    worker: int
    n_workers: int
    chief: str
    """HOST:PORT of the chief."""


@dataclass(frozen=True)
class WorkerEnded(Event):
    """The last step is done, so that the chief needs no assistance."""

    event = "worker_ended"
    worker: int
    n_workers: int
    state: str
    """SHA-256 of all variables, in hexadecimal: the same as in the chief's summary.json."""


@dataclass(frozen=True)
class Reused(Event):
    """Layers start with the weights of a pretrained network."""

    event = "reused"
    source: str
    """The id of its run, or the path of its file."""
    layers: list[str]
    scaling: str = "none"
    """How the inputs are scaled for it: `data.scaling`."""
    matched: list[tuple[str, str]] = field(default_factory=list)
    """For each copied layer, its name in the source and its name here."""


@dataclass(frozen=True)
class PhaseStarted(Event):
    """One of several phases starts, or is resumed."""

    event = "phase_started"
    phase: int
    """From 1."""
    n_phases: int
    epochs: int
    frozen: list[str]
    """The layers that are frozen."""
    trainable_parameters: int
    optimizer: str
    is_new_optimizer: bool
    """Whether the phase starts with a new optimizer instead of that of the previous phase."""


@dataclass(frozen=True)
class PretrainingStarted(Event):
    """A part of the pretraining starts, or is resumed."""

    event = "pretraining_started"
    kind: str
    part: str
    """The names of the layers that are pretrained."""
    number: int
    n_parts: int
    epochs: int
    steps_per_epoch: int
    n_examples: int
    """The number of examples; labels are not used."""


@dataclass(frozen=True)
class PretrainingEpochEnded(Event):
    """An epoch of the pretraining is finished, and its row is written."""

    event = "pretraining_epoch_ended"
    row: Row


@dataclass(frozen=True)
class RangeTestStarted(Event):
    """A learning-rate range test starts."""

    event = "range_test_started"
    n_steps: int
    lowest: float
    """The rate of its first step."""
    highest: float
    """The rate of its last step."""


@dataclass(frozen=True)
class RateFound(Event):
    """The range test found the largest rate of a cycle."""

    event = "rate_found"
    max_rate: float
    reason: str


@dataclass(frozen=True)
class Restored(Event):
    """The state of an interrupted run is restored."""

    event = "restored"
    checkpoint: str | None
    """The checkpoint's name; None if no checkpoint was usable and training starts from scratch."""
    initial_epoch: int
    """Epochs that were finished before."""
    step: int
    """Steps that were finished before, counted from the start of the run."""
    damaged: list[str]
    """The checkpoints that were skipped, each with the reason."""
    approximate: list[str]
    """What differs from the previous process. If anything differs, the result may not be bit-identical."""
    is_origin: bool
    """Whether the checkpoint is that of the parent that this run was forked from."""
    reset: list[str]
    """What a fork did not take over from its parent, each with the reason."""


@dataclass(frozen=True)
class RolledBack(Event):
    """The loss diverged, and training goes back to an earlier checkpoint with lower learning rates."""

    event = "rolled_back"
    reason: str
    """Where the loss became infinite or NaN."""
    checkpoint: str
    """The name of the checkpoint."""
    initial_epoch: int
    """Epochs that were finished at the checkpoint."""
    step: int
    """Steps that were finished at the checkpoint, counted from the start of the run."""
    number: int
    """The number of this roll-back in the run, from 1."""
    times: int
    """The maximum number of roll-backs."""
    factor: float
    """The factor of all learning rates from now on, with those of the earlier roll-backs."""


@dataclass(frozen=True)
class StepsDone(Event):
    """Some steps of an epoch are finished."""

    event = "steps_done"
    stage: str
    """`phase` or `pretraining`; their epochs are counted separately."""
    epoch: int
    step: int
    """Finished steps of this epoch."""
    global_step: int
    """Finished steps since the start of the run."""
    metrics: dict[str, float]
    """Loss and metrics over the epoch so far."""


@dataclass(frozen=True)
class EpochEnded(Event):
    """An epoch is finished, and its row is written."""

    event = "epoch_ended"
    row: Row
    is_best: bool
    stopped_early: bool = False
    """Whether patience ended the phase with this epoch."""


@dataclass(frozen=True)
class RunEnded(Event):
    """The run is finished, and its summary is written."""

    event = "run_ended"
    summary: Summary
    advice: list[TrainingAdvice] = field(default_factory=list)
    """What the curves show, and what to change in the spec."""


@dataclass(frozen=True)
class RunStopped(Event):
    """The run stopped without finishing."""

    event = "run_stopped"
    run: str
    path: str
    status: str
    reason: str
    exit_code: int | None = None
    """The exit code of its process; None if it is not known."""


def ignore(_event: Event) -> None:
    """Ignore an event."""

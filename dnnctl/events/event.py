"""What training reports while it runs. It prints nothing itself: the caller shows, saves or ignores an event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from dnnctl.store.difference import Change
from dnnctl.store.facts import LayerFacts, Row, Summary


@dataclass(frozen=True)
class Event:
    """Something that has happened."""

    event: ClassVar[str]

    def as_json(self) -> dict[str, Any]:
        """The event as a JSON object."""
        return {"event": self.event, **asdict(self)}


Report = Callable[[Event], None]
"""Called with each event as it happens."""


@dataclass(frozen=True)
class RunOpened(Event):
    """The run's folder is there, with the spec in it; nothing heavy has been loaded yet."""

    event = "run_opened"
    run: str
    path: str
    description: str
    data: str
    seed: int


@dataclass(frozen=True)
class Forked(Event):
    """The run starts from another's state."""

    event = "forked"
    parent: str
    checkpoint: str
    changes: list[Change]
    """The keys of the spec that differ from the parent's."""


@dataclass(frozen=True)
class Downloading(Event):
    """A part of a data file has arrived."""

    event = "downloading"
    file: str
    bytes_done: int
    bytes_total: int


@dataclass(frozen=True)
class DataReady(Event):
    """The examples are in memory, split."""

    event = "data_ready"
    n_train: int
    n_validation: int
    n_test: int
    input_shape: tuple[int, ...]
    task: str
    n_outputs: int


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


@dataclass(frozen=True)
class Warned(Event):
    """Something in the spec will not do what its writer may expect."""

    event = "warned"
    message: str


@dataclass(frozen=True)
class Reused(Event):
    """Layers start with the weights of a trained network."""

    event = "reused"
    source: str
    """The id of its run, or its file."""
    layers: list[str]
    scaling: str = "none"
    """How the inputs are scaled for it: `data.scaling`."""
    matched: list[tuple[str, str]] = field(default_factory=list)
    """For each copied layer its name in the source and its name here."""


@dataclass(frozen=True)
class PhaseStarted(Event):
    """One of several phases starts, or is resumed."""

    event = "phase_begun"
    phase: int
    """From 1."""
    n_phases: int
    epochs: int
    frozen: list[str]
    """The layers that are frozen."""
    trainable_parameters: int
    optimizer: str
    is_new_optimizer: bool
    """Whether an optimizer starts that the phase before did not have."""


@dataclass(frozen=True)
class PretrainingStarted(Event):
    """A part of the pretraining starts, or is resumed."""

    event = "pretraining_begun"
    kind: str
    part: str
    """The layers that are pretrained."""
    number: int
    n_parts: int
    epochs: int
    steps_per_epoch: int
    n_examples: int
    """Without labels."""


@dataclass(frozen=True)
class PretrainingEpochEnded(Event):
    """An epoch of the pretraining is done, and its row is written."""

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
    """The range test has found the largest rate of a cycle."""

    event = "rate_found"
    max_rate: float
    reason: str


@dataclass(frozen=True)
class Restored(Event):
    """The state of an interrupted run is restored."""

    event = "restored"
    checkpoint: str | None
    """Its name; None where there was no sound one, and training starts over."""
    initial_epoch: int
    """Epochs finished before."""
    step: int
    """Steps finished before, since the start of the run."""
    damaged: list[str]
    """The checkpoints that could not be used, each with the reason."""
    approximate: list[str]
    """What differs from the process before, so that the same bits cannot be promised."""
    is_origin: bool
    """Whether it is another run's, from which this one was forked."""
    reset: list[str]
    """What could not be taken over from the run that was forked, each with the reason."""


@dataclass(frozen=True)
class StepsDone(Event):
    """Some steps of an epoch are done."""

    event = "steps_done"
    stage: str
    """`phase`, or `pretraining`, whose epochs are counted separately."""
    epoch: int
    step: int
    """In this epoch."""
    global_step: int
    """Since the start of the run."""
    metrics: dict[str, float]
    """Over the epoch so far."""


@dataclass(frozen=True)
class EpochEnded(Event):
    """An epoch is done, and its row is written."""

    event = "epoch_ended"
    row: Row
    is_best: bool
    stopped_early: bool = False
    """Whether patience has ended the phase with it."""


@dataclass(frozen=True)
class RunEnded(Event):
    """The run has finished: its summary is written."""

    event = "run_ended"
    summary: Summary


@dataclass(frozen=True)
class RunStopped(Event):
    """The run has ended without a summary."""

    event = "run_broken"
    run: str
    path: str
    status: str
    reason: str


def ignore(_event: Event) -> None:
    """Ignore an event."""

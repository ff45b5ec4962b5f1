"""The `training` section: how long, in which portions, and when to stop."""

from typing import Annotated, Self, TypeAlias

from pydantic import Field, model_validator

from dnnctl.specs.common_kind import NONE
from dnnctl.specs.field import BY_FORM, LIST, MAPPING, NUMBER, Count, NonNegative, OrNone, Positive, Section
from dnnctl.specs.phase import Phase
from dnnctl.specs.pretraining import Pretraining


class EarlyStopping(Section):
    """Training ends when `monitor` has not improved for `patience` epochs; the best weights are kept in any case."""

    monitor: str = "val_loss"
    """The metric that is watched: `loss`, a metric's name, or one of them behind `val_`."""
    patience: Count = 10
    """The epochs without an improvement that are waited for."""
    min_delta: NonNegative = 0.0
    """The smallest change that counts as an improvement."""


class Every(Section):
    """How often a checkpoint is written in the middle of an epoch: by whichever comes first."""

    minutes: Annotated[Annotated[Positive, NUMBER] | OrNone, BY_FORM] = 5.0
    """After so many minutes of training."""
    steps: Annotated[Annotated[Count, NUMBER] | OrNone, BY_FORM] = "none"
    """After so many steps since the run's beginning, and after each multiple of them."""


class Checkpoint(Section):
    """What an interrupted run goes on from: written at every epoch's end and when training is told to stop. Training
    goes on meanwhile, and one that falls due while another is still being written is passed over.
    """

    every: Every = Every.model_construct(minutes=5.0, steps="none")
    """How often there is one in the middle of an epoch besides."""
    keep: Count = 2
    """How many of the newest are kept; that of the best epoch is kept besides."""


Phases: TypeAlias = Annotated[list[Phase], Field(min_length=1)]


class Training(Section):
    """How long training takes and in which portions."""

    batch_size: Count = 32
    """The examples of one step; the last step of an epoch takes what is left."""
    epochs: Count = 10
    """How often every training example is seen; with `phases`, in all of them together."""
    phases: Annotated[Annotated[Phases, LIST] | OrNone, BY_FORM] = "none"
    """Stretches that differ in what is trained, by which optimizer, at which rates."""
    pretraining: Pretraining = NONE
    """What is learned from the inputs alone before the first epoch."""
    early_stopping: Annotated[Annotated[EarlyStopping, MAPPING] | OrNone, BY_FORM] = "none"
    """When to stop before the last epoch."""
    checkpoint: Checkpoint = Checkpoint.model_construct(every=Every.model_construct(minutes=5.0, steps="none"), keep=2)
    """When the state of training is written, and how much of it is kept."""

    @model_validator(mode="after")
    def _count_epochs(self) -> Self:
        """Phases define the number of epochs: `epochs` is their sum, or is left out."""
        if self.phases == "none":
            return self
        n_epochs = sum(phase.epochs for phase in self.phases)
        if "epochs" in self.model_fields_set and self.epochs != n_epochs:
            raise ValueError(f"`epochs` is {self.epochs}, but the phases have {n_epochs} in total; leave `epochs` out")
        return self.model_copy(update={"epochs": n_epochs})

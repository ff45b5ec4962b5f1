"""The `training` section: epochs, batches, phases, early stopping and checkpoints."""

from typing import Annotated, Self, TypeAlias

from pydantic import Field, model_validator

from dnnctl.specs.common_kind import NONE
from dnnctl.specs.divergence import STOP, OnDivergence
from dnnctl.specs.field import BY_FORM, LIST, MAPPING, NUMBER, Count, NonNegative, OrNone, Positive, Section
from dnnctl.specs.phase import Phase
from dnnctl.specs.pretraining import Pretraining


class EarlyStopping(Section):
    """Stops training when `monitor` has not improved for `patience` epochs. The best weights are kept in any case."""

    monitor: str = "val_loss"
    """The metric to monitor: `loss`, the name of a metric, or one of them with the prefix `val_`."""
    patience: Count = 10
    """The number of epochs without improvement after which training stops."""
    min_delta: NonNegative = 0.0
    """The smallest change that counts as an improvement."""


class Every(Section):
    """How often a checkpoint is written during an epoch: whichever is due first."""

    minutes: Annotated[Annotated[Positive, NUMBER] | OrNone, BY_FORM] = 5.0
    """The minutes of training between two checkpoints."""
    steps: Annotated[Annotated[Count, NUMBER] | OrNone, BY_FORM] = "none"
    """The number of steps between two checkpoints, counted from the start of the run."""


class Checkpoint(Section):
    """The state that `dnnctl resume` continues from. A checkpoint is written at the end of every epoch and when
    training is interrupted. Training continues meanwhile; a checkpoint that is due while another is still being written
    is skipped.
    """

    every: Every = Every.model_construct(minutes=5.0, steps="none")
    """How often checkpoints are also written during an epoch."""
    keep: Count = 2
    """The number of newest checkpoints to keep. The checkpoint of the best epoch is always kept, too."""


class Budget(Section):
    """A time for the whole of training. `dnnctl train` measures the speed once, before it creates the run, and chooses
    the number of epochs that fit; schedules that follow the planned number of steps fit it, too. The measurement, data,
    compilation, validation and checkpoints count. The number is written into the run's spec, and `resume` keeps it.
    """

    minutes: Positive
    """The minutes from the start of `dnnctl train` to its end. A tenth of them is kept in reserve."""
    epochs: Annotated[Annotated[Count, NUMBER] | OrNone, BY_FORM] = "none"
    """The number of epochs that was chosen. `train` writes it; with it, nothing is measured."""


class Probe(Section):
    """How often the layers are measured during training, as `dnnctl probe` does: activations and gradients of each
    layer on up to 512 training examples. The training is the same with and without it.
    """

    every: Count = 1
    """The number of epochs between two measurements."""


Phases: TypeAlias = Annotated[list[Phase], Field(min_length=1)]


class Training(Section):
    """The length of training, batches, early stopping and checkpoints."""

    batch_size: Count = 32
    """The number of examples per step. The last step of an epoch takes the remaining examples."""
    epochs: Count = 10
    """The number of epochs; with `phases`, the sum of their epochs; with `budget`, the largest number if it is written.
    """
    phases: Annotated[Annotated[Phases, LIST] | OrNone, BY_FORM] = "none"
    """Parts of training with their own frozen layers, optimizer and schedule."""
    validation_every: Count = 1
    """The number of epochs between two validations. The last epoch of each phase is always validated.
    `patience` counts only epochs in which the monitored metric is measured."""
    pretraining: Pretraining = NONE
    """Unsupervised pretraining before the first epoch."""
    early_stopping: Annotated[Annotated[EarlyStopping, MAPPING] | OrNone, BY_FORM] = "none"
    """When to stop before the last epoch."""
    checkpoint: Checkpoint = Checkpoint.model_construct(every=Every.model_construct(minutes=5.0, steps="none"), keep=2)
    """When checkpoints are written, and how many are kept."""
    on_divergence: OnDivergence = STOP
    """What happens when the training loss or the validation loss becomes infinite or NaN."""
    budget: Annotated[Annotated[Budget, MAPPING] | OrNone, BY_FORM] = "none"
    """The time that training may take. It chooses the number of epochs. Not for `phases` and `pretraining`."""

    probe: Annotated[Annotated[Probe, MAPPING] | OrNone, BY_FORM] = "none"
    """How often the signals and gradients of each layer are recorded in probe.jsonl. `dnnctl show` and `dnnctl report`
    show them."""

    @property
    def is_settled(self) -> bool:
        """Whether the number of epochs is known: a budget leaves it open until the speed is measured."""
        return self.budget == "none" or self.budget.epochs != "none"

    @property
    def most_epochs(self) -> int | None:
        """The largest number of epochs that a budget may choose, if it is written."""
        return self.epochs if "epochs" in self.model_fields_set else None

    def with_epochs(self, n: int) -> Self:
        """The section with the number of epochs that was chosen for its budget."""
        assert self.budget != "none", "only a budget chooses the number of epochs"
        return self.model_copy(update={"epochs": n, "budget": self.budget.model_copy(update={"epochs": n})})

    @model_validator(mode="after")
    def _count_epochs(self) -> Self:
        """Phases define the number of epochs: `epochs` is their sum, or is left out. So does a settled budget."""
        if self.budget != "none":
            return self._count_budget(self.budget)
        if self.phases == "none":
            return self
        n_epochs = sum(phase.epochs for phase in self.phases)
        if "epochs" in self.model_fields_set and self.epochs != n_epochs:
            raise ValueError(f"`epochs` is {self.epochs}, but the phases have {n_epochs} in total; leave `epochs` out")
        return self.model_copy(update={"epochs": n_epochs})

    def _count_budget(self, budget: Budget) -> Self:
        if self.phases != "none":
            raise ValueError("`budget` chooses the number of epochs, but each phase has its own; leave out one of them")
        if self.pretraining.kind != "none":
            raise ValueError("`budget` cannot be combined with `pretraining`; write `epochs` instead")
        if budget.epochs == "none":
            return self
        if "epochs" in self.model_fields_set and self.epochs != budget.epochs:
            raise ValueError(
                f"`epochs` is {self.epochs}, but {budget.epochs} were chosen for the budget; write `budget: none`, too"
            )
        return self.model_copy(update={"epochs": budget.epochs})

"""The `training` section: how long, in which portions, and when to stop."""

from typing import Annotated

from dnnctl.spec.field import BY_FORM, MAPPING, Count, NonNegative, OrNone, Section


class EarlyStopping(Section):
    """Training ends when `monitor` has not improved for `patience` epochs; the best weights are kept in any case."""

    monitor: str = "val_loss"
    """The metric that is watched: `loss`, a metric's name, or one of them behind `val_`."""
    patience: Count = 10
    """The epochs without an improvement that are waited for."""
    min_delta: NonNegative = 0.0
    """The smallest change that counts as an improvement."""


class Training(Section):
    """How long training takes and in which portions."""

    batch_size: Count = 32
    """The examples of one step; the last step of an epoch takes what is left."""
    epochs: Count = 10
    """How often every training example is seen."""
    early_stopping: Annotated[Annotated[EarlyStopping, MAPPING] | OrNone, BY_FORM] = "none"
    """When to stop before the last epoch."""

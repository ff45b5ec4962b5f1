"""Losses: what training minimizes."""

from typing import Annotated, Final, Literal, TypeAlias

from dnnctl.specs.common_kind import Auto
from dnnctl.specs.field import CHOICE, Fraction, Kind, NonNegative, Positive


class SparseCategoricalCrossentropy(Kind):
    """−log of the probability of the true class; the targets are class numbers."""

    kind: Literal["sparse_categorical_crossentropy"]


class CategoricalCrossentropy(Kind):
    """−Σ target · log(probability); the targets are one-hot."""

    kind: Literal["categorical_crossentropy"]
    label_smoothing: Fraction = 0.0
    """The fraction of the target that is distributed evenly over all classes."""


class BinaryCrossentropy(Kind):
    """−log of the probability of the true class, for two classes; for labels, the mean over them."""

    kind: Literal["binary_crossentropy"]
    label_smoothing: Fraction = 0.0
    """The fraction of the way by which targets are moved from 0 or 1 toward 0.5."""


class FocalCrossentropy(Kind):
    """Crossentropy with less weight on examples that are already classified well. `categorical_focal_crossentropy` is
    also multiplied by 0.25, the default `alpha` of Keras.

    Source: Lin et al., 2017.
    """

    kind: Literal["categorical_focal_crossentropy", "binary_focal_crossentropy"]
    gamma: NonNegative = 2.0
    """The focusing parameter: the larger it is, the less these examples weigh; with 0, all examples weigh the same."""
    label_smoothing: Fraction = 0.0
    """The fraction of the target that is distributed evenly over all classes."""


class Hinge(Kind):
    """max(0, 1 − t·y) (`hinge`) or its square (`squared_hinge`), with targets t of −1 and 1 for two classes;
    `categorical_hinge` for more classes.
    """

    kind: Literal["hinge", "squared_hinge", "categorical_hinge"]


class ErrorLoss(Kind):
    """The mean squared, absolute, percentage or squared logarithmic error, log-cosh, the Poisson loss, the
    Kullback-Leibler divergence, or the negative cosine similarity, as defined in Keras.
    """

    kind: Literal["mse", "mae", "mape", "msle", "log_cosh", "poisson", "kl_divergence", "cosine_similarity"]


class Huber(Kind):
    """Quadratic for errors up to `delta`, linear for larger ones.

    Source: Huber, 1964.
    """

    kind: Literal["huber"]
    delta: Positive = 1.0
    """The error at which the loss becomes linear."""


BINARY_LOSSES: Final = ("binary_crossentropy", "binary_focal_crossentropy", "hinge", "squared_hinge")
CLASS_LOSSES: Final = (
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    *BINARY_LOSSES,
)


def loss_fault(loss: str, task: str) -> tuple[str, str] | None:
    """Why a kind of loss cannot be used for a task, and the fix; None if it can."""
    if task == "numbers" and loss in CLASS_LOSSES:
        rule = f"{loss} is for classes, but these targets are numbers"
        return rule, "Write mse, mae or huber, or `data.source.task: classes`."
    if task == "labels" and loss in CLASS_LOSSES and loss not in BINARY_LOSSES:
        rule = f"{loss} is for targets with one class per example, but these have several labels"
        return rule, f"Write {', '.join(BINARY_LOSSES)}, or mse."
    return None


Loss: TypeAlias = Annotated[
    Auto
    | SparseCategoricalCrossentropy
    | CategoricalCrossentropy
    | BinaryCrossentropy
    | FocalCrossentropy
    | Hinge
    | ErrorLoss
    | Huber,
    *CHOICE,
]

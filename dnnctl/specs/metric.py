"""Metrics: what is measured beside the loss."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.field import BY_FORM, CHOICE, LIST, Count, Kind, OrAuto


class ClassMetric(Kind):
    """`accuracy`: the share of right answers. `crossentropy`: the loss without regularizers and smoothing."""

    kind: Literal["accuracy", "crossentropy"]


class TopKAccuracy(Kind):
    """The share of examples whose class is among the k likeliest."""

    kind: Literal["top_k_accuracy"]
    k: Count = 5
    """How many answers count."""


class BinaryMetric(Kind):
    """Precision, recall and areas under curves, for two classes (or one-hot targets, pooled over the classes)."""

    kind: Literal["precision", "recall", "auc_roc", "auc_precision_recall"]


class F1Score(Kind):
    """2·precision·recall / (precision + recall), for two classes (or one-hot targets)."""

    kind: Literal["f1_score"]
    average: Literal["macro", "micro", "weighted"] = "macro"
    """How the classes' scores become one."""


class NumberMetric(Kind):
    """Errors of predicted numbers, and the share of variance explained (r2)."""

    kind: Literal["mae", "mse", "rmse", "mape", "msle", "log_cosh", "r2", "cosine_similarity"]


Metric: TypeAlias = Annotated[ClassMetric | TopKAccuracy | BinaryMetric | F1Score | NumberMetric, *CHOICE]
Metrics: TypeAlias = Annotated[Annotated[list[Metric], LIST] | OrAuto, BY_FORM]

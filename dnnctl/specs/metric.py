"""Metrics: what is measured in addition to the loss."""

from typing import Annotated, Literal, TypeAlias, get_args

from dnnctl.specs.field import BY_FORM, CHOICE, LIST, Count, Kind, OrAuto


class ClassMetric(Kind):
    """`accuracy`: the fraction of correct predictions; if examples have several labels, the fraction of correct labels.
    `crossentropy`: the crossentropy without penalties and label smoothing.
    """

    kind: Literal["accuracy", "crossentropy"]


class TopKAccuracy(Kind):
    """The fraction of examples whose class is among the k most probable ones."""

    kind: Literal["top_k_accuracy"]
    k: Count = 5
    """k: the number of most probable classes to consider."""


class BinaryMetric(Kind):
    """Precision, recall and the area under a curve, for two classes (or one-hot targets, pooled over the classes). For
    labels, precision and recall are pooled over the labels, and areas are averaged.
    """

    kind: Literal["precision", "recall", "auc_roc", "auc_precision_recall"]


class F1Score(Kind):
    """2·precision·recall / (precision + recall), for two classes (or one-hot targets, or labels)."""

    kind: Literal["f1_score"]
    average: Literal["macro", "micro", "weighted"] = "macro"
    """How the scores of the classes are averaged."""


class NumberMetric(Kind):
    """Errors of predicted numbers, and the coefficient of determination (`r2`)."""

    kind: Literal["mae", "mse", "rmse", "mape", "msle", "log_cosh", "r2", "cosine_similarity"]


def metric_fault(metric: "Metric", task: str) -> tuple[str, str] | None:
    """Why a metric cannot be used for a task, and the fix; None if it may be possible."""
    if task != "numbers" or isinstance(metric, NumberMetric):
        return None
    allowed = ", ".join(get_args(NumberMetric.model_fields["kind"].annotation))
    return f"'{metric.kind}' cannot be used with target numbers", f"Allowed: {allowed}."


Metric: TypeAlias = Annotated[ClassMetric | TopKAccuracy | BinaryMetric | F1Score | NumberMetric, *CHOICE]
Metrics: TypeAlias = Annotated[Annotated[list[Metric], LIST] | OrAuto, BY_FORM]

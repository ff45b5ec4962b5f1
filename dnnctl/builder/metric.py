"""The metrics of the spec as Keras metrics, which depend on the form of the targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from dnnctl.builder.output import Head
from dnnctl.errors import Fault, SpecError
from dnnctl.specs.experiment import Spec
from dnnctl.specs.metric import ClassMetric, F1Score, Metric, TopKAccuracy
from dnnctl.specs.rules import metric_name

Factory = Callable[..., keras.metrics.Metric]

ACCURACY: dict[str, Factory] = {
    "index": keras.metrics.SparseCategoricalAccuracy,
    "one_hot": keras.metrics.CategoricalAccuracy,
    "column": keras.metrics.BinaryAccuracy,
    "labels": keras.metrics.BinaryAccuracy,
}
CROSSENTROPY: dict[str, Factory] = {
    "index": keras.metrics.SparseCategoricalCrossentropy,
    "one_hot": keras.metrics.CategoricalCrossentropy,
    "column": keras.metrics.BinaryCrossentropy,
    "labels": keras.metrics.BinaryCrossentropy,
}
TOP_K: dict[str, Factory] = {
    "index": keras.metrics.SparseTopKCategoricalAccuracy,
    "one_hot": keras.metrics.TopKCategoricalAccuracy,
}
BINARY: dict[str, Factory] = {
    "precision": keras.metrics.Precision,
    "recall": keras.metrics.Recall,
    "auc_roc": lambda name, **labels: keras.metrics.AUC(curve="ROC", name=name, **labels),
    "auc_precision_recall": lambda name, **labels: keras.metrics.AUC(curve="PR", name=name, **labels),
}
OF_PROBABILITIES = ("crossentropy", "f1_score", *BINARY)
NUMBER: dict[str, Factory] = {
    "mae": keras.metrics.MeanAbsoluteError,
    "mse": keras.metrics.MeanSquaredError,
    "rmse": keras.metrics.RootMeanSquaredError,
    "mape": keras.metrics.MeanAbsolutePercentageError,
    "msle": keras.metrics.MeanSquaredLogarithmicError,
    "log_cosh": keras.metrics.LogCoshError,
    "r2": keras.metrics.R2Score,
    "cosine_similarity": keras.metrics.CosineSimilarity,
}


def build_metrics(spec: Spec, head: Head) -> list[keras.metrics.Metric]:
    """The metrics of a spec; `auto` is accuracy for classes and labels, and mean absolute error for numbers.

    Raises:
        SpecError: a metric cannot be used with the targets.
    """
    if spec.metrics == "auto":
        return [NUMBER["mae"](name="mae")] if head.targets == "numbers" else [_accuracy(head)]
    return [_build(metric, head, index) for index, metric in enumerate(spec.metrics)]


def _accuracy(head: Head) -> keras.metrics.Metric:
    if head.activation == "tanh" and head.targets in ("column", "labels"):
        return keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)
    return ACCURACY[head.targets](name="accuracy")


def _build(metric: Metric, head: Head, index: int) -> keras.metrics.Metric:
    name = metric_name(metric)
    is_largest = isinstance(metric, F1Score) and head.targets == "one_hot"  # no threshold is involved
    if head.activation == "tanh" and metric.kind in OF_PROBABILITIES and not is_largest:
        rule = f"'{name}' is computed from probabilities, but with the loss {head.loss} outputs are from -1 to 1"
        raise SpecError([Fault(rule, f"metrics.{index}", hint="Write accuracy, or `loss: binary_crossentropy`.")])
    if isinstance(metric, ClassMetric) and head.targets in ACCURACY:
        return _accuracy(head) if metric.kind == "accuracy" else CROSSENTROPY[head.targets](name=name)
    if isinstance(metric, TopKAccuracy) and head.targets in TOP_K:
        if metric.k >= head.units:
            rule = f"the top {metric.k} of {head.units} classes are all classes, so the metric would always be 1"
            raise SpecError([Fault(rule, f"metrics.{index}", hint="Choose a smaller k.")])
        return TOP_K[head.targets](k=metric.k, name=name)
    if isinstance(metric, F1Score) and head.targets in ("column", "one_hot", "labels"):
        threshold = None if head.targets == "one_hot" else 0.5
        return keras.metrics.F1Score(average=metric.average, threshold=threshold, name=name)
    if metric.kind in BINARY and head.targets in ("column", "one_hot", "labels"):
        is_mean = head.targets == "labels" and metric.kind.startswith("auc")
        return BINARY[metric.kind](name=name, **({"multi_label": True, "num_labels": head.units} if is_mean else {}))
    if metric.kind in NUMBER and head.targets != "index":
        return NUMBER[metric.kind](name=name)
    raise SpecError([Fault(*_unsuitable(name, head, index))])


def _unsuitable(name: str, head: Head, index: int) -> tuple[str, str, None, str, str]:
    needs: dict[str, Any] = {
        "index": "Class numbers allow accuracy, crossentropy and top_k_accuracy; "
        "`loss: categorical_crossentropy` allows more.",
        "column": f"Two classes with a binary loss allow accuracy, crossentropy, {', '.join(BINARY)} and f1_score.",
        "one_hot": "",
        "labels": f"Labels allow accuracy, crossentropy, {', '.join(BINARY)} and f1_score.",
        "numbers": f"Target numbers allow {', '.join(NUMBER)}.",
    }
    return f"'{name}' cannot be used with these targets", f"metrics.{index}", None, "", needs[head.targets]

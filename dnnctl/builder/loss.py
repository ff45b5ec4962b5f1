"""The losses of the spec as Keras losses."""

from __future__ import annotations

from typing import Any

import keras

from dnnctl.builder.output import Head
from dnnctl.builder.target_scaling import ScaledLoss
from dnnctl.specs.field import Kind

LOSSES: dict[str, type[keras.losses.Loss]] = {
    "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
    "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
    "categorical_focal_crossentropy": keras.losses.CategoricalFocalCrossentropy,
    "categorical_hinge": keras.losses.CategoricalHinge,
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "binary_focal_crossentropy": keras.losses.BinaryFocalCrossentropy,
    "hinge": keras.losses.Hinge,
    "squared_hinge": keras.losses.SquaredHinge,
    "mse": keras.losses.MeanSquaredError,
    "mae": keras.losses.MeanAbsoluteError,
    "mape": keras.losses.MeanAbsolutePercentageError,
    "msle": keras.losses.MeanSquaredLogarithmicError,
    "log_cosh": keras.losses.LogCosh,
    "poisson": keras.losses.Poisson,
    "kl_divergence": keras.losses.KLDivergence,
    "cosine_similarity": keras.losses.CosineSimilarity,
    "huber": keras.losses.Huber,
}


def build_loss(spec: Kind, kind: str) -> keras.losses.Loss:
    """The loss; `kind` is its kind, which is known even if the spec has `auto`."""
    arguments: dict[str, Any] = {name: getattr(spec, name) for name in type(spec).model_fields if name != "kind"}
    return LOSSES[kind](**arguments)


def build_training_loss(spec: Kind, head: Head) -> keras.losses.Loss:
    """The loss that training minimizes: that of scaled values, if targets are scaled."""
    loss = build_loss(spec, head.loss)
    return loss if head.target_scaling is None else ScaledLoss(loss, head.target_scaling)

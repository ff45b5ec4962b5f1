"""The optimizers of the spec as Keras optimizers."""

from __future__ import annotations

from typing import Any

import keras

from dnnctl.builder.cyclic_momentum import CyclicMomentumSGD
from dnnctl.specs.common_kind import Nothing
from dnnctl.specs.field import Kind
from dnnctl.specs.optimizer import OptimizerKind
from dnnctl.specs.schedule import OneCycle

OPTIMIZERS: dict[str, type[keras.optimizers.Optimizer]] = {
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "adamax": keras.optimizers.Adamax,
    "nadam": keras.optimizers.Nadam,
    "lamb": keras.optimizers.Lamb,
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
    "adafactor": keras.optimizers.Adafactor,
    "ftrl": keras.optimizers.Ftrl,
    "lion": keras.optimizers.Lion,
    "muon": keras.optimizers.Muon,
    "schedule_free_adamw": keras.optimizers.ScheduleFreeAdamW,
}
CLIPS = {"norm": "clipnorm", "value": "clipvalue", "global_norm": "global_clipnorm"}
SLOTS: dict[str, tuple[int, tuple[str, ...]]] = {
    "sgd": (0, ("momentum",)),
    "rmsprop": (1, ("momentum", "centered")),
    "adam": (2, ("amsgrad",)),
    "adamw": (2, ("amsgrad",)),
    "adamax": (2, ()),
    "nadam": (2, ()),
    "lamb": (2, ()),
    "adagrad": (1, ()),
    "adadelta": (2, ()),
    "adafactor": (1, ()),
    "ftrl": (2, ()),
    "lion": (1, ()),
    "muon": (1, ()),
    "schedule_free_adamw": (2, ()),
}
"""How many values each keeps for each weight, and the keys that add another one if they are set."""


def build_optimizer(spec: OptimizerKind, schedule: Kind | None = None) -> keras.optimizers.Optimizer:
    """A fresh optimizer with the learning rate of the spec.

    Args:
        schedule: if it is a one_cycle schedule that cycles momentum, the optimizer's momentum is a variable.
    """
    arguments: dict[str, Any] = {
        name: getattr(spec, name) for name in type(spec).model_fields if name not in ("kind", "clip")
    }
    arguments["weight_decay"] = arguments["weight_decay"] or None
    cycles = isinstance(schedule, OneCycle) and schedule.momentum != "none"
    optimizer = CyclicMomentumSGD if cycles else OPTIMIZERS[spec.kind]
    return optimizer(**arguments, **_clip(spec.clip), name=spec.kind)  # Keras would number it, which no resume repeats


def n_slots(spec: OptimizerKind) -> int:
    """How many values an optimizer keeps for each weight of a kernel."""
    number, keys = SLOTS[spec.kind]
    return number + sum(bool(getattr(spec, key)) for key in keys)


def _clip(clip: Kind) -> dict[str, float]:
    return {} if isinstance(clip, Nothing) else {CLIPS[clip.kind]: clip.value}  # type: ignore[attr-defined]

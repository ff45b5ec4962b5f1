"""Valid specs at random, over everything that the spec's own types allow."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import numpy as np
from pydantic import ValidationError
from pydantic_core import PydanticUndefined

from dnnctl.builder.target_scaling import SCALABLE_LOSSES
from dnnctl.specs import Spec
from dnnctl.specs.activation import PlainActivation
from dnnctl.specs.augment import Augmentation
from dnnctl.specs.field import Kind, Section
from dnnctl.specs.layer import Layer
from dnnctl.specs.loss import CLASS_LOSSES
from dnnctl.specs.model import Defaults, Output
from dnnctl.specs.reading.introspection import is_section, kinds_of, members
from dnnctl.specs.rules import broken_rules
from dnnctl.specs.training import Training

SPATIAL = ("conv2d", "max_pool", "average_pool")
FLATTENING = ("flatten", "global_average_pool", "global_max_pool", "reshape")
ANYWHERE = ("batch_norm", "layer_norm", "activation", "dropout", "alpha_dropout", "gaussian_noise", "gaussian_dropout")
HUGE = 4
"""No count is greater."""
NEEDS_NO_SAMPLE = ("inherit", "auto")
ARGUMENTS = get_args(PlainActivation.model_fields["kind"].annotation)
"""Activations that an output may have."""


def write_data(folder: Path) -> None:
    """Six by six images for three classes, and the same for two numbers."""
    draw = np.random.default_rng(3)
    images = draw.integers(0, 256, (60, 6, 6)).astype(np.uint8)
    classes = draw.integers(0, 3, 60)
    numbers = draw.uniform(0.1, 1, (60, 2)).astype(np.float32)
    np.savez(folder / "classes.npz", x_train=images, y_train=classes)
    np.savez(folder / "numbers.npz", x_train=images, y_train=numbers)


class Chance:
    """Draws specs. Of the kinds allowed at a place, the least drawn come first."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.draw = random.Random(seed)
        self.folder = folder
        self.drawn: Counter[str] = Counter()

    def specs(self) -> Iterator[Spec]:
        """Valid specs, without end."""
        while True:
            try:
                spec = Spec.model_validate(self.spec())
            except ValidationError:
                continue  # what one key allows, another may not
            if not list(broken_rules(spec)):
                yield spec

    def spec(self) -> dict[str, Any]:
        task = self.draw.choice(["classes", "numbers"])
        schedule = self.value(Spec.model_fields["schedule"].annotation, "schedule")
        if schedule.get("max_rate") == "auto":
            schedule["max_rate"] = 0.1  # a range test takes more steps than all the rest
        loss = self.loss(task)
        output = self.draw.choice(["auto", self.output(loss["kind"])])
        return {
            "name": "any",
            "seed": self.draw.randrange(2**32),
            "data": {
                "source": {"kind": "npz", "path": str(self.folder / f"{task}.npz")},
                "validation": {"size": 12},
                "scaling": self.draw.choice(["none", "unit", "standardize"]),
                "augment": self.augment(),
                "class_weights": self.class_weights() if task == "classes" else "none",
                "target_scaling": self.target_scaling(task, loss, output),
            },
            "model": {
                "defaults": self.section(Defaults, "defaults"),
                "layers": self.layers(),
                "output": output,
            },
            "loss": loss,
            "optimizer": self.value(Spec.model_fields["optimizer"].annotation, "optimizer"),
            "schedule": schedule,
            "training": {
                "batch_size": 16,
                "epochs": 2,
                "on_divergence": self.value(Training.model_fields["on_divergence"].annotation, "on_divergence"),
                "probe": self.probe(),
            },
        }

    def augment(self) -> Any:
        """None, or up to three augmentations, of which at most one mixes."""
        kinds = kinds_of(members(Augmentation))
        drawn = [self.choice(members(Augmentation), "augment", kinds) for _ in range(self.draw.randrange(4))]
        mixing = [each for each in drawn if each["kind"] in ("mixup", "cutmix")]
        return [each for each in drawn if each not in mixing[1:]] or "none"

    def class_weights(self) -> Any:
        some = {str(number): self.draw.uniform(0, 3) for number in range(self.draw.randrange(1, 4))}
        return self.draw.choice(["none", "balanced", some])

    def target_scaling(self, task: str, loss: dict[str, Any], output: Any) -> str:
        """A scaling that the loss and the output allow."""
        is_linear = output == "auto" or output["activation"] in ("auto", "linear", {"kind": "auto"}, {"kind": "linear"})
        is_allowed = task == "numbers" and loss["kind"] in SCALABLE_LOSSES and is_linear
        return self.draw.choice(["auto", "standardize", "log"]) if is_allowed else "auto"

    def probe(self) -> Any:
        """Of one spec in eight the layers are measured, which takes longer than the training."""
        return {"every": self.draw.randint(1, HUGE)} if self.draw.random() < 1 / 8 else "none"

    def loss(self, task: str) -> dict[str, Any]:
        """A loss that suits the targets."""
        sections = [option for option in members(Spec.model_fields["loss"].annotation) if is_section(option)]
        unsuitable = CLASS_LOSSES if task == "numbers" else ()
        return self.choice(sections, "loss", [kind for kind in kinds_of(sections) if kind not in unsuitable])

    def output(self, loss: str) -> dict[str, Any]:
        """An output whose size follows from the data, and whose activation suits the loss."""
        output = {**self.section(Output, "output"), "units": "auto"}
        needs_its_own = loss in CLASS_LOSSES or output.get("activation", {}).get("kind") not in ARGUMENTS
        return {**output, "activation": "auto"} if needs_its_own else output

    def layers(self) -> list[Any]:
        """First images, then rows of values."""
        image, images = Image(), []
        for _ in range(self.draw.randrange(3)):
            spatial_dropout = ["spatial_dropout"] if image.has_channels else []
            images.append(image.fit(self.layer(*SPATIAL, *spatial_dropout, *ANYWHERE)))
        rows = [self.layer("dense", "residual", *ANYWHERE) for _ in range(self.draw.randrange(1, 4))]
        flattening = self.layer("flatten", "flatten", "flatten", "global_average_pool", "global_max_pool", "reshape")
        return [*images, image.fit(flattening), *rows]

    def layer(self, *kinds: str) -> Any:
        options = [option for option in members(Layer) if set(kinds_of([option])) & set(kinds)]
        kind = self.least_drawn("layer", list(kinds))
        (section,) = (option for option in options if kind in kinds_of([option]))
        if kind == "residual":
            return {"kind": kind, "layers": [self.layer("dense", *ANYWHERE)]}
        if kind == "reshape":
            return {"kind": kind, "shape": [1]}
        return {**self.section(section, "layer"), "kind": kind}

    def section(self, section: type[Section], place: str) -> dict[str, Any]:
        """Some of a section's optional keys, and all required ones."""
        fields = {name: field for name, field in section.model_fields.items() if name != "kind"}
        return {
            name: self.value(field.annotation, place if place == "layer" else name, bounds(field.metadata))
            for name, field in fields.items()
            if name not in ("repeat", "axis") and (field.default is PydanticUndefined or self.draw.random() < 0.4)
        }

    def value(self, annotation: Any, place: str, limits: tuple[float, float] = (0.01, 0.9)) -> Any:
        options = members(annotation)
        sections = [option for option in options if is_section(option)]
        if sections and issubclass(sections[0], Kind):
            return self.choice(sections, place, kinds_of(sections))
        option = self.draw.choice(options)
        if is_section(option):
            return self.section(option, place)
        if get_origin(option) is Literal:
            return self.draw.choice([word for word in get_args(option) if word != "auto" or len(options) > 1])
        if get_origin(option) is list:
            inner = get_args(option)[0]
            return sorted(self.value(inner, place, bounds(getattr(inner, "__metadata__", ()))) for _ in range(2))
        if option is bool:
            return self.draw.random() < 0.5
        return self.draw.randint(1, HUGE) if option is int else self.draw.uniform(*limits)

    def choice(self, sections: list[Any], place: str, kinds: Iterable[str]) -> dict[str, Any]:
        """One of the kinds, with some of its keys."""
        kind = self.least_drawn(place, [kind for kind in kinds if kind not in NEEDS_NO_SAMPLE])
        (section,) = (option for option in sections if kind in kinds_of([option]))
        return {"kind": kind, **self.section(section, place)}

    def least_drawn(self, place: str, kinds: list[str]) -> str:
        fewest = min(self.drawn[f"{place} {kind}"] for kind in kinds)
        kind = self.draw.choice([kind for kind in kinds if self.drawn[f"{place} {kind}"] == fewest])
        self.drawn[f"{place} {kind}"] += 1
        return kind


@dataclass
class Image:
    """The shape of the images at one place of a network, for layers that must fit them."""

    size: tuple[int, int] = (6, 6)
    channels: int = 1
    has_channels: bool = False

    def fit(self, layer: Any) -> Any:
        """The layer with the keys that do not fit replaced."""
        if layer["kind"] == "reshape":
            return {**layer, "shape": [self.size[0] * self.size[1] * self.channels]}
        if layer["kind"] not in SPATIAL:
            return layer
        self.has_channels = True
        is_conv = layer["kind"] == "conv2d"
        window = pair(layer.get("kernel_size", 3) if is_conv else layer.get("size", 2))
        strides, dilation = layer.get("strides", 1 if is_conv else "auto"), pair(layer.get("dilation", 1))
        if is_conv and (max(dilation) > 1 or pair(strides)[0] != pair(strides)[1] or window == (1, 1)):
            strides = 1  # Keras allows no strides with dilation; the builder refuses some strides
        span = [(width - 1) * step + 1 for width, step in zip(window, dilation, strict=True)]
        is_small = any(width > size for width, size in zip(span, self.size, strict=True))
        padding = "same" if is_small else layer.get("padding", "valid")
        room = (
            self.size if padding == "same" else [size - width + 1 for size, width in zip(self.size, span, strict=True)]
        )
        steps = window if strides == "auto" else pair(strides)
        self.size = (-(-room[0] // steps[0]), -(-room[1] // steps[1]))
        self.channels = layer["filters"] if is_conv else self.channels
        return {**layer, "strides": strides, "padding": padding}


def pair(size: Any) -> tuple[int, int]:
    """A size for height and width."""
    return (size[0], size[1]) if isinstance(size, list) else (size, size)


def bounds(metadata: Any) -> tuple[float, float]:
    """The range that numbers are drawn from: allowed and useful."""
    low, high = 0.01, 0.9
    for entry in metadata:
        for part in getattr(entry, "metadata", [entry]):
            low = max(low, getattr(part, "gt", None) or low, getattr(part, "ge", None) or low)
            most = getattr(part, "le", None)
            high = min(high, most) if most is not None else high
    return (high - 1, high) if high <= 0 else (low, high)

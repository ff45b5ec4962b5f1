"""The augmentations of a spec, applied to the batch of a training step.

An augmented example is a pure function of (seed of the epoch, example, the example before it in the epoch's order). It
is therefore the same for any batch size, and however an epoch is divided into calls.

Shapes: B is the batch size.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, Literal

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dnnctl.engine.augmentation.boxes import cut_and_mix, cut_out
from dnnctl.engine.augmentation.canvas import Canvas, measure_canvas
from dnnctl.engine.augmentation.colour import brighten, change_contrast, disturb
from dnnctl.engine.augmentation.draws import stream, uniforms
from dnnctl.engine.augmentation.geometry import crop, flip, rotate, translate, warp, zoom
from dnnctl.engine.augmentation.mixing import mix_up
from dnnctl.engine.batch import Batch, Mixed
from dnnctl.errors import Fault, SpecError
from dnnctl.specs.augment import (
    MIXING,
    Brightness,
    Contrast,
    Crop,
    Cutmix,
    Cutout,
    Flip,
    Mixup,
    Noise,
    Rotate,
    Translate,
    Zoom,
)
from dnnctl.specs.field import Kind
from dnnctl.store.encoding import TableEncoding
from dnnctl.text import format_shape


@dataclass(frozen=True)
class Formula:
    """How an augmentation is computed."""

    apply: Callable[..., Any]
    """`values`: (spec, canvas, inputs, u) → inputs. `geometry`: a map of coordinates. `mixing`: (spec, canvas, inputs,
    others, u) → inputs and shares."""
    form: Literal["values", "geometry", "mixing"] = "values"
    n_numbers: int = 0
    """The number of random numbers for each example; 0 means one for each value, and an even number."""
    needs_images: bool = True


AUGMENTATIONS: dict[type[Kind], Formula] = {
    Flip: Formula(flip, "geometry", 2),
    Crop: Formula(crop, "geometry", 2),
    Rotate: Formula(rotate, "geometry", 1),
    Zoom: Formula(zoom, "geometry", 1),
    Translate: Formula(translate, "geometry", 2),
    Brightness: Formula(brighten, "values", 1),
    Contrast: Formula(change_contrast, "values", 1),
    Noise: Formula(disturb, needs_images=False),
    Cutout: Formula(cut_out, "values", 2),
    Mixup: Formula(mix_up, "mixing", 2, needs_images=False),
    Cutmix: Formula(cut_and_mix, "mixing", 4),
}


class Augmenter:
    """Applies augmentations in the order of the spec.

    Args:
        specs: the augmentations.
        canvas: the shape and the range of the inputs.
    """

    def __init__(self, specs: Sequence[Kind], canvas: Canvas) -> None:
        self.specs = list(specs)
        self.canvas = canvas
        self.n_before = sum(isinstance(spec, MIXING) for spec in self.specs)
        """The number of examples before the batch that `apply` needs, to mix the first example with."""
        seen: Counter[str] = Counter()
        streams = []
        for spec in self.specs:
            n = AUGMENTATIONS[type(spec)].n_numbers or 2 * -(-math.prod(canvas.shape) // 2)
            streams.append(stream(spec.kind, seen[spec.kind], n))
            seen[spec.kind] += 1
        self._numbers = np.concatenate(streams)
        self._sizes = [len(numbers) for numbers in streams]

    def apply(self, batch: Batch, rows: Any, seed: Any) -> Batch:
        """(B, …) the augmented examples. Inputs keep their type; uint8 values are rounded and clipped to 0 to 255.

        Args:
            batch: (n_before + B, …) the examples.
            rows: (n_before + B,) their indices.
            seed: a uint32 for the epoch.
        """
        inputs = tf.reshape(tf.cast(batch.inputs, tf.float32), (-1, *self.canvas.shape))
        draws = uniforms(seed, rows, self._numbers)
        drawn = zip(self.specs, tf.split(draws, self._sizes, axis=1), strict=True)
        for form, group in groupby(drawn, lambda one: AUGMENTATIONS[type(one[0])].form):
            n_missing = 0 if batch.mixed is None else 1
            steps = [(spec, AUGMENTATIONS[type(spec)].apply, u[n_missing:]) for spec, u in group]
            if form == "geometry":
                inputs = _stored(partial(warp, self.canvas, changes=steps), inputs, seed)
            elif form == "values":
                for spec, apply, u in steps:
                    inputs = _stored(partial(apply, spec, self.canvas, u=u), inputs, seed)
            else:
                ((spec, apply, u),) = steps
                inputs, share = apply(spec, self.canvas, inputs[1:], inputs[:-1], u[1:])
                batch = _mixed(batch, share)
        if batch.inputs.dtype == tf.uint8:
            inputs = tf.cast(tf.clip_by_value(tf.round(inputs), 0.0, 255.0), tf.uint8)
        return batch._replace(inputs=tf.reshape(inputs, (-1, *batch.inputs.shape[1:])))


def build_augmenter(
    specs: Sequence[Kind] | str, inputs: NDArray[Any], encoding: TableEncoding | None = None
) -> Augmenter | None:
    """The augmenter for the training inputs (N, …); None without augmentation.

    Raises:
        SpecError: an augmentation does not fit the inputs.
    """
    if isinstance(specs, str):
        return None
    faults = [
        Fault(rule, f"data.augment.{index}", hint=hint)
        for index, spec in enumerate(specs)
        for rule, hint in _misfits(spec, inputs, encoding)
    ]
    if faults:
        raise SpecError(faults)
    return Augmenter(specs, measure_canvas(inputs, encoding))


def _misfits(spec: Kind, inputs: NDArray[Any], encoding: TableEncoding | None) -> list[tuple[str, str]]:
    """Why an augmentation does not fit the inputs, and how to fix it."""
    shape = inputs.shape[1:]
    if len(shape) not in (2, 3) and (AUGMENTATIONS[type(spec)].needs_images or len(shape) != 1):
        return [(f"{spec.kind} needs images, but each input is {format_shape(shape)}", "Remove it from the list.")]
    if isinstance(spec, Crop | Cutout):
        key = "padding" if isinstance(spec, Crop) else "size"
        if getattr(spec, key) >= min(shape[:2]):
            rule = f"`{key}` must be less than the size of the images, {format_shape(shape[:2])}"
            return [(rule, f"Write `{key}: {max(1, min(shape[:2]) // 4)}`.")]
    if isinstance(spec, Mixup) and encoding and any(column.is_embedded for column in encoding.columns):
        return [("mixup cannot mix categories with an embedding", "Remove it from the list.")]
    return []


def _stored(change: Callable[[Any], Any], inputs: Any, seed: Any) -> Any:
    """The changed inputs, as values in memory.

    XLA computes a value again for each of its uses, which is several times slower for changes that use the same pixel
    often. It stores the result of a loop whose length it does not know: this one always has one step.

    Args:
        seed: a uint32 below 2³¹.
    """
    one = tf.cast(tf.bitwise.right_shift(seed, tf.constant(31, tf.uint32)), tf.int32) + 1
    start = (tf.constant(0), inputs)
    return tf.while_loop(lambda i, _: i < one, lambda i, x: (i + 1, change(x)), start, parallel_iterations=1)[1]


def _mixed(batch: Batch, share: Any) -> Batch:
    """(B, …) each example of (1 + B, …), with the label of the example before it."""
    weights = batch.weights
    others = Mixed(share, batch.targets[:-1], None if weights is None else weights[:-1])
    return Batch(batch.inputs, batch.targets[1:], None if weights is None else weights[1:], others)

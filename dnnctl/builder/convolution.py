"""Convolutions that TensorFlow computes incorrectly on CPUs.

Observed with TensorFlow 2.21 and its oneDNN kernels, the default on x86:

- The gradient of a 1 × 1 kernel with a stride above 1 corrupts the heap: the process crashes sooner or later. Observed
  with up to 8 input channels; larger numbers are rejected too, because the limit may depend on the processor.
- With strides of 1 × s, s > 1, one input channel and an output one pixel wide, parts of the output are never written.
  They contain whatever was in memory before.

Such layers are rejected on every device, so that a spec that trains on one machine trains on every machine.

Shapes: B is the batch, H and W an image's height and width, C its channels.
"""

from __future__ import annotations

from typing import Any

from dnnctl.errors import Fault, SpecError
from dnnctl.specs.layer import Conv2D
from dnnctl.specs.path import Path, dotted

BUG = "TensorFlow computes this convolution incorrectly on CPUs"


def check_convolution(spec: Conv2D, outputs: Any, path: Path) -> None:
    """Reject what TensorFlow computes incorrectly; `outputs` are those of the layer, (B, H, W, C).

    Raises:
        SpecError: the kernel is 1 × 1 with a stride above 1, or the strides are 1 × s and the output is a pixel wide.
    """
    kernel_size, strides = pair(spec.kernel_size), pair(spec.strides)
    received, where = str(spec.strides), dotted((*path, "strides"))
    if kernel_size == (1, 1) and max(strides) > 1:
        rule = f"{BUG}: a 1 × 1 kernel with a stride above 1"
        pool = f"{{kind: max_pool, size: 1, strides: {spec.strides}}}"
        hint = f"Insert `{pool}` before it and remove its `strides`. The result is the same."
        raise SpecError([Fault(rule, where, received=received, hint=hint)])
    if strides[0] == 1 < strides[1] and outputs.shape[2] == 1:
        rule = f"{BUG}: a vertical stride of 1, a larger horizontal stride, and an output one pixel wide"
        raise SpecError([Fault(rule, where, received=received, hint="Use the same stride for both axes.")])


def pair(size: int | list[int]) -> tuple[int, int]:
    """A size from the spec as height and width."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])

"""The `runtime` section: the device, the precision and the compilation."""

from typing import Literal

from dnnctl.specs.field import Section


class Runtime(Section):
    """The device, the precision and the compilation."""

    device: Literal["auto", "cpu", "gpu"] = "auto"
    """`auto` uses a GPU if there is one; `gpu` fails without one; `cpu` ignores any GPU."""
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    """The precision of computations. Weights are always float32."""
    compile: Literal["auto", "xla", "graph"] = "auto"
    """`xla` compiles training steps with XLA, `graph` runs them as a TensorFlow graph, `auto` chooses the one
    that should be faster.
    """

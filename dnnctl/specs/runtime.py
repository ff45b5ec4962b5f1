"""The `runtime` section: what the arithmetic runs on."""

from typing import Literal

from dnnctl.specs.field import Section


class Runtime(Section):
    """What the arithmetic runs on."""

    device: Literal["auto", "cpu", "gpu"] = "auto"
    """`auto` takes a GPU if one is present; `gpu` without one is an error; `cpu` hides it."""
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    """The numbers that layers compute in; weights are float32 in any case."""
    compile: Literal["auto", "xla", "graph"] = "auto"
    """`xla` compiles training steps to machine code, `graph` runs TensorFlow's kernels; `auto` chooses the faster."""

"""The `runtime` section: the device, the precision and the compilation."""

from typing import Annotated, Literal

from pydantic import Field

from dnnctl.specs.field import BY_FORM, NUMBER, OrAuto, Positive, Section


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
    memory: Annotated[Annotated[Positive, NUMBER] | OrAuto, BY_FORM] = "auto"
    """The memory for examples, in GB. Data that need more are read in chunks while training runs; the results are the
    same bits. `auto`: a quarter of the memory that is free when training starts."""
    readers: Annotated[int, Field(strict=True, ge=0, le=64)] = 2
    """The number of threads that read chunks ahead; 0 reads a chunk when it is needed."""

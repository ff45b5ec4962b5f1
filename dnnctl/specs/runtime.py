"""The `runtime` section: the device, the precision, the compilation, and where else metrics are logged."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from dnnctl.specs.common_kind import NONE
from dnnctl.specs.distribution import Distribution
from dnnctl.specs.field import BY_FORM, LIST, NUMBER, CountOrAuto, OrAuto, OrNone, Positive, Section

Log: TypeAlias = Literal["mlflow", "histograms"]
GpuIndex = Annotated[int, Field(strict=True, ge=0, le=255)]


class Runtime(Section):
    """The device, the precision, the compilation, and where else metrics are logged."""

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
    log: Annotated[Annotated[list[Log], LIST] | OrNone, BY_FORM] = "none"
    """What is logged in addition to the run's own files. `mlflow` mirrors the spec, the metrics and the model to MLflow
    (MLFLOW_TRACKING_URI, by default `mlruns` in the runs directory); `histograms` adds the weights of each layer after
    every epoch to TensorBoard's files. It does not change the result.
    """
    threads: CountOrAuto = "auto"
    """The number of CPU threads of one operation. `auto`: one for each core, or as many as the worker of a sweep gets.
    The bits of a result depend on it.
    """
    gpu: Annotated[Annotated[GpuIndex, NUMBER] | OrAuto, BY_FORM] = "auto"
    """The index of the GPU to use, from 0, among those in CUDA_VISIBLE_DEVICES. `auto`: the first one. The others are
    not touched."""
    distribution: Distribution = NONE
    """Which replicas of the model share the examples of every batch. `batch_size` is that of all replicas together, and
    the loss is that of the whole batch. Replica r of R takes the examples r, r + R, r + 2R, … of it. Batch
    normalization uses the statistics of its replica's examples; its moving averages are means over the replicas.
    """

    @model_validator(mode="after")
    def _has_use_for_gpu(self) -> Self:
        if self.gpu != "auto" and self.device == "cpu":
            raise ValueError(f"`gpu` is {self.gpu}, but `device: cpu` uses none; leave out one of them")
        return self

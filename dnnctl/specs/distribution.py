"""Data parallel training: several copies of the model, the replicas, share the examples of every batch."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.common_kind import Nothing
from dnnctl.specs.field import CHOICE, Count, Kind


class Mirrored(Kind):
    """One replica on each GPU of this machine. With a single device it is the same as `none`."""

    kind: Literal["mirrored"]


class MultiWorker(Kind):
    """One replica in each of several processes, on one machine or on several: see `dnnctl launch`."""

    kind: Literal["multi_worker"]
    timeout: Count = 600
    """The seconds that a process waits at the start until all processes are there."""


Distribution: TypeAlias = Annotated[Nothing | Mirrored | MultiWorker, *CHOICE]

"""Where the trials of a sweep are trained."""

import re
from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from dnnctl.specs.field import BY_FORM, NUMBER, Index, Kind, NonNegative, OrAuto

MAX_WORKERS = 256
SLURM_OPTIONS = (
    "account", "constraint", "exclude", "exclusive", "gres", "licenses", "mem", "mem-per-cpu", "mem-per-gpu", "nice",
    "nodelist", "qos", "reservation", "tmp",
)  # fmt: skip
"""The options of `sbatch` that a sweep may set: none of them names a file or a command."""


def matching(pattern: str, rule: str) -> AfterValidator:
    """A check that a text is of a form."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(rule)
        return text

    return AfterValidator(check)


NWorkers: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=MAX_WORKERS)]
Cores: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=1024)]
RayAddress: TypeAlias = Annotated[
    str,
    matching(r"auto|local|(ray://)?[A-Za-z0-9_.-]+:\d+", "must be `auto`, `local`, HOST:PORT or ray://HOST:PORT"),
]
Partition: TypeAlias = Annotated[str, matching(r"[A-Za-z0-9_.,-]+", "must be the name of a SLURM partition")]
TimeLimit: TypeAlias = Annotated[
    str,
    matching(r"auto|(\d+-)?\d+(:\d\d){0,2}", 'must be a time limit of SLURM: "30", "01:00:00", "2-12:00:00"'),
]
SlurmOption: TypeAlias = Annotated[
    str,
    matching(
        rf"--({'|'.join(SLURM_OPTIONS)})(=[A-Za-z0-9_.,:@/+%*&|()\[\]-]+)?",
        f"must be an option of sbatch like --mem=8G. Allowed: {', '.join(SLURM_OPTIONS)}",
    ),
]


class Processes(Kind):
    """Processes on this machine. Each loads TensorFlow once and trains one trial after the other."""

    kind: Literal["processes"]
    n: Annotated[Annotated[NWorkers, NUMBER] | OrAuto, BY_FORM] = "auto"
    """The number of processes. `auto`: one for each core, at most 8; one if there is a GPU."""
    threads: Annotated[Annotated[Cores, NUMBER] | OrAuto, BY_FORM] = "auto"
    """The number of threads of each process. `auto`: the cores divided by the number of processes."""


class Ray(Kind):
    """Workers on the machines of a Ray cluster, which all reach the runs directory under the same path. Ray only starts
    them and has no state. Needs `pip install 'dnnctl[ray]'`.
    """

    kind: Literal["ray"]
    address: RayAddress = "auto"
    """`auto`: the cluster of this machine. `local`: a cluster for this sweep, on this machine alone. Otherwise the
    address of a cluster, `HOST:PORT` or `ray://HOST:PORT`."""
    n: Annotated[Annotated[NWorkers, NUMBER] | OrAuto, BY_FORM] = "auto"
    """The number of workers. `auto`: as many as the cluster has room for when the sweep starts."""
    cpus: Cores = 1
    """The number of CPUs of each worker, which is also the number of its threads."""
    gpus: NonNegative = 0
    """The number of GPUs of each worker. With 0.5, two workers share one."""


class Slurm(Kind):
    """Workers in an array of SLURM jobs, on nodes that all reach the runs directory under the same path."""

    kind: Literal["slurm"]
    n: NWorkers
    """The number of jobs. Each is a worker that trains one trial after the other."""
    partition: Partition = "auto"
    """The partition. `auto`: that of the cluster."""
    time: TimeLimit = "auto"
    """The time limit of a job, as SLURM writes it. A worker that reaches it saves its trial, and the next job resumes
    it. `auto`: that of the partition."""
    cpus: Cores = 1
    """The number of CPUs of each job, which is also the number of its threads."""
    gpus: Index = 0
    """The number of GPUs of each job."""
    options: list[SlurmOption] = []
    """Other options of `sbatch` as on its command line (`--mem=8G`): those that choose where and when a job runs."""


class SharedFolder(Kind):
    """Workers that you start on other machines with `dnnctl join NAME`. They share only the runs directory, and may
    join and leave at any time.
    """

    kind: Literal["shared_folder"]


Workplace: TypeAlias = Processes | Ray | Slurm | SharedFolder
WORDS: dict[str, Callable[[], Workplace]] = {
    "auto": lambda: Processes.model_construct(kind="processes"),
    "processes": lambda: Processes.model_construct(kind="processes"),
    "ray": lambda: Ray.model_construct(kind="ray"),
    "shared_folder": lambda: SharedFolder.model_construct(kind="shared_folder"),
}
"""The bare words for workers."""

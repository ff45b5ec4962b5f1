"""The tasks of a Slurm step, as `srun` describes them to each of its tasks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dnnctl.errors import DistributionError

FIRST_PORT, N_PORTS = 20_000, 10_000
"""The ports of a job: from one that depends on its number, so that two jobs on one machine rarely meet."""
PORT = "DNNCTL_PORT"
"""The variable with the port of the first task on each machine; those of the others follow."""
RANGE = re.compile(r"(\d+)(?:-(\d+))?")
COUNT = re.compile(r"(\d+)(?:\(x(\d+)\))?")
HOSTS = re.compile(r"[^,\[\]]+(?:\[[^\]]*\][^,\[\]]*)*")


def slurm_tasks(environment: Mapping[str, str]) -> tuple[tuple[str, ...], int] | None:
    """HOST:PORT of each task, and the number of this one; None outside of a step with several tasks.

    Tasks are numbered machine by machine, which is what `srun` does unless `--distribution` says otherwise.
    """
    n = environment.get("SLURM_STEP_NUM_TASKS") or environment.get("SLURM_NTASKS", "")
    number = environment.get("SLURM_PROCID", "")
    if not (n.isdecimal() and number.isdecimal()) or int(n) < 2:
        return None
    try:
        hosts = expand_hosts(environment.get("SLURM_STEP_NODELIST") or environment["SLURM_JOB_NODELIST"])
        per_host = environment.get("SLURM_STEP_TASKS_PER_NODE") or environment["SLURM_TASKS_PER_NODE"]
        first = int(environment.get(PORT) or FIRST_PORT + int(environment.get("SLURM_JOB_ID", "0")) % N_PORTS)
        counts = expand_counts(per_host)
        addresses = [f"{host}:{first + i}" for host, k in zip(hosts, counts, strict=True) for i in range(k)]
    except (KeyError, ValueError):
        addresses = []
    if len(addresses) != int(n):
        raise DistributionError(
            "The variables of Slurm do not tell where the tasks are (SLURM_JOB_NODELIST, SLURM_TASKS_PER_NODE, "
            f"SLURM_NTASKS={n}). Start the training with `srun`, or set DNNCTL_WORKERS and DNNCTL_WORKER."
        )
    return tuple(addresses), int(number)


def expand_hosts(text: str) -> list[str]:
    """The machines of a node list: `a[1-3,05],b` are a1, a2, a3, a05 and b.

    Raises:
        ValueError: it is not a node list.
    """
    parts = HOSTS.findall(text)
    if ",".join(parts) != text:
        raise ValueError(text)
    return [host for part in parts for host in _expand(part)]


def expand_counts(text: str) -> list[int]:
    """The number of tasks on each machine: `2(x3),1` is 2, 2, 2, 1.

    Raises:
        ValueError: it is not such a list.
    """
    matches = [COUNT.fullmatch(part) for part in text.split(",")]
    if None in matches:
        raise ValueError(text)
    return [int(match[1]) for match in matches if match for _ in range(int(match[2] or 1))]


def _expand(part: str) -> Iterator[str]:
    start, bracket, rest = part.partition("[")
    if not bracket:
        yield part
        return
    inside, _, after = rest.partition("]")
    for match in map(RANGE.fullmatch, inside.split(",")):
        if match is None:
            raise ValueError(part)
        first, last = match[1], match[2] or match[1]
        for number in range(int(first), int(last) + 1):
            for end in _expand(after):
                yield f"{start}{number:0{len(first)}}{end}"

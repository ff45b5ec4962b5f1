"""The processes of a distributed training, as the environment describes them.

- `TF_CONFIG`: TensorFlow's own variable. `dnnctl launch` and Kubernetes operators set it.
- `DNNCTL_WORKERS=host:port,host:port` and `DNNCTL_WORKER=0`: for everything else.
- Slurm: the variables that `srun` sets for every task (`slurm.py`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from dnnctl.commands.slurm import slurm_tasks
from dnnctl.errors import DistributionError
from dnnctl.runner.team import Team
from dnnctl.specs import Spec

TF_CONFIG, WORKERS, WORKER = "TF_CONFIG", "DNNCTL_WORKERS", "DNNCTL_WORKER"
TF_CONFIG_FORM = '{"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}'
TRAINING_ROLES = ("chief", "master", "worker")
"""The roles of TF_CONFIG that train, in the order of their numbers."""


def team_of(spec: Spec) -> Team | None:
    """The processes that train a spec; None if one process trains it.

    Raises:
        DistributionError: the spec needs several processes, and the environment does not describe them.
    """
    return find_team(os.environ) if spec.runtime.distribution.kind == "multi_worker" else None


def has_team() -> bool:
    """Whether the environment describes processes that train together."""
    return bool(os.environ.get(TF_CONFIG) or os.environ.get(WORKERS) or slurm_tasks(os.environ))


def is_assistant(spec: Spec) -> bool:
    """Whether this process only assists the one that trains a spec."""
    team = team_of(spec)
    return team is not None and not team.is_chief


def find_team(environment: Mapping[str, str]) -> Team:
    """The processes that the environment describes.

    Raises:
        DistributionError: it describes none, or is wrong.
    """
    if environment.get(TF_CONFIG):
        team = _from_tf_config(environment[TF_CONFIG])
    elif environment.get(WORKERS):
        team = _from_own_variables(environment)
    elif found := slurm_tasks(environment):
        team = Team(*found)
    else:
        raise DistributionError(
            "runtime.distribution: multi_worker trains in several processes, and nothing tells this one where the "
            f"others are. Start all of them with `dnnctl launch --workers 2 SPEC`, with `srun` or with {TF_CONFIG}."
        )
    for address in team.addresses:
        _check_address(address)
    if len(set(team.addresses)) < team.n:
        raise DistributionError(f"Two workers have the same address. Received: {', '.join(team.addresses)}.")
    return team


def _from_tf_config(text: str) -> Team:
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        role, index = task["type"], int(task["index"])
        of_role: dict[str, list[str]] = {each: [str(a) for a in cluster.get(each, [])] for each in TRAINING_ROLES}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _wrong(TF_CONFIG, text, TF_CONFIG_FORM) from None
    unused = sorted(set(cluster) - set(TRAINING_ROLES))
    if unused or not 0 <= index < len(of_role.get(role, ())):
        raise _wrong(TF_CONFIG, text, f"only the roles {', '.join(TRAINING_ROLES)}, and a task that is in the cluster")
    before = TRAINING_ROLES[: TRAINING_ROLES.index(role)]
    addresses = tuple(address for each in TRAINING_ROLES for address in of_role[each])
    return Team(addresses, sum(len(of_role[each]) for each in before) + index)


def _from_own_variables(environment: Mapping[str, str]) -> Team:
    addresses = tuple(address.strip() for address in environment[WORKERS].split(","))
    number = environment.get(WORKER, "")
    if not number.isdecimal() or int(number) >= len(addresses):
        raise _wrong(WORKER, number, f"a number from 0 to {len(addresses) - 1}: which of {WORKERS} this process is")
    return Team(addresses, int(number))


def _check_address(address: Any) -> None:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise DistributionError(f"The address of a worker must be HOST:PORT. Received: {address}.")


def _wrong(variable: str, received: str, allowed: str) -> DistributionError:
    return DistributionError(
        f"The environment variable {variable} is wrong. Received: {received!r}. Allowed: {allowed}."
    )

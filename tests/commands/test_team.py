"""The workers that an environment describes."""

from __future__ import annotations

import json

import pytest

from dnnctl.commands.team import find_team
from dnnctl.errors import DistributionError
from dnnctl.runner.team import Team

SLURM = {
    "SLURM_NTASKS": "5",
    "SLURM_PROCID": "3",
    "SLURM_JOB_NODELIST": "gpu[01-02],login",
    "SLURM_TASKS_PER_NODE": "2(x2),1",
    "SLURM_JOB_ID": "123456",
}


def tf_config(cluster: object, role: str, index: object) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": role, "index": index}})}


def test_workers_are_numbered_after_the_chief() -> None:
    cluster = {"worker": ["b:1", "c:1"], "chief": ["a:1"]}
    assert find_team(tf_config(cluster, "chief", 0)) == Team(("a:1", "b:1", "c:1"), 0)
    assert find_team(tf_config(cluster, "worker", 1)) == Team(("a:1", "b:1", "c:1"), 2)


def test_own_variables() -> None:
    assert find_team({"DNNCTL_WORKERS": "a:1, b:2", "DNNCTL_WORKER": "1"}) == Team(("a:1", "b:2"), 1)


def test_tasks_of_slurm_have_a_port_each_on_their_machine() -> None:
    hosts = ("gpu01:23456", "gpu01:23457", "gpu02:23456", "gpu02:23457", "login:23456")
    assert find_team(SLURM) == Team(hosts, 3)
    assert find_team(SLURM | {"DNNCTL_PORT": "9000"}).addresses[1] == "gpu01:9001"


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({}, "dnnctl launch --workers 2 SPEC"),
        ({"TF_CONFIG": "{"}, "TF_CONFIG is wrong"),
        (tf_config({"worker": ["a:1"]}, "worker", 1), "TF_CONFIG is wrong"),
        (tf_config({"worker": ["a:1"], "ps": ["b:1"]}, "worker", 0), "TF_CONFIG is wrong"),
        (tf_config({"worker": ["a", "b:1"]}, "worker", 0), "must be HOST:PORT. Received: a"),
        ({"DNNCTL_WORKERS": "a:1,b:1", "DNNCTL_WORKER": "2"}, "a number from 0 to 1"),
        ({"DNNCTL_WORKERS": "a:1,a:1", "DNNCTL_WORKER": "0"}, "the same address"),
        (SLURM | {"SLURM_TASKS_PER_NODE": "2(x3)"}, "SLURM_NTASKS=5"),
    ],
)
def test_a_wrong_environment_is_an_error(environment: dict[str, str], reason: str) -> None:
    with pytest.raises(DistributionError, match=reason.replace("(", r"\(")):
        find_team(environment)

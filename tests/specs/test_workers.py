"""Where trials are trained: what a sweep may ask SLURM and Ray for."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from dnnctl.specs.sweep import Sweep
from dnnctl.specs.workers import SLURM_OPTIONS, WORDS, Ray, Slurm, SlurmOption


def sweep(workers: Any) -> Sweep:
    return Sweep.model_validate({"name": "s", "spec": "x", "objective": {"metric": "val_loss"}, "workers": workers})


@pytest.mark.parametrize("word", WORDS)
def test_a_bare_word_is_short_for_its_kind(word: str) -> None:
    found = sweep(word).launcher
    assert found == sweep({"kind": "processes" if word == "auto" else word}).launcher


@pytest.mark.parametrize("name", SLURM_OPTIONS)
def test_options_that_choose_where_a_job_runs_are_allowed(name: str) -> None:
    assert TypeAdapter(SlurmOption).validate_python(f"--{name}=a[1-3],b:2") == f"--{name}=a[1-3],b:2"


@pytest.mark.parametrize(
    "option",
    [
        "--wrap=rm", "evil.sh", "--output=/home/me/.bashrc", "--mem=8G\n#SBATCH --output=/x", "--mem=8G --wrap=x",
        "--mem=$(x)", "--chdir=/", "-o/x", "--mem=`x`", "--export=ALL", "--mem='x", "--memory=1",
    ],
)  # fmt: skip
def test_a_sweep_cannot_name_a_command_or_a_file_for_slurm(option: str) -> None:
    """A spec runs no code and writes nowhere else."""
    with pytest.raises(ValidationError, match="must be an option of sbatch"):
        Slurm(kind="slurm", n=1, options=[option])


@pytest.mark.parametrize("time", ["30", "30:00", "01:00:00", "2-12", "2-12:00:00", "auto"])
def test_time_limits_are_those_of_slurm(time: str) -> None:
    assert Slurm(kind="slurm", n=1, time=time).time == time


@pytest.mark.parametrize("time", ["", "1h", "01:0", "1:00:00:00", "1\n2"])
def test_other_time_limits_are_refused(time: str) -> None:
    with pytest.raises(ValidationError, match="must be a time limit"):
        Slurm(kind="slurm", n=1, time=time)


def test_addresses_are_those_of_ray() -> None:
    for address in ("auto", "local", "node-1:6379", "ray://10.0.0.2:10001"):
        assert Ray(kind="ray", address=address).address == address
    for address in ("", "node", "http://a:1", "a b:1"):
        with pytest.raises(ValidationError, match="must be `auto`"):
            Ray(kind="ray", address=address)

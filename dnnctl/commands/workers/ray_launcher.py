"""Starts workers on a Ray cluster. Ray chooses the machines and has no state that could be lost."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Self

from dnnctl.commands.parent import tied_to_this_process
from dnnctl.commands.stderr import stderr_to
from dnnctl.commands.workers.remote_workers import Call
from dnnctl.errors import UserError, shorten
from dnnctl.runner.interrupts import SIGNALS
from dnnctl.specs.workers import MAX_WORKERS, Ray
from dnnctl.store.files import SURROGATES
from dnnctl.text import format_count

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""Ray reads these variables when it is imported. It would send statistics and print a warning."""
OBJECT_STORE = 80_000_000
"""The bytes of shared memory of a local cluster. Workers pass on nothing but a few lines of text."""
PATIENCE = 10.0
"""The seconds in which a cluster must answer."""
SHOWN = 200
"""The characters of an error of Ray that are shown."""
ENDING = 4000
"""The characters of a worker's output that are kept."""


def run_worker(arguments: Sequence[str], variables: Mapping[str, str]) -> str:
    """Run a worker on the machine that Ray chose, in a process that ends with this one; return what it printed last."""
    tied = tied_to_this_process()
    tied["env"] |= variables
    command = [sys.executable, *arguments]
    tied |= {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, process_group=0, check=False, **tied)
    printed = done.stdout.decode(errors=SURROGATES)[-ENDING:]
    return f"{printed}\n(code {done.returncode} on {os.uname().nodename})"


@dataclass
class RayLauncher:
    """Tasks of Ray, each of which runs a worker."""

    choice: Ray
    n: int
    n_runs: int
    _tasks: dict[str, Any] = field(default_factory=dict)
    """By the names of the workers."""

    @classmethod
    def of(cls, choice: Ray, n_runs: int) -> Self:
        """A launcher for a number of runs. How many workers are `auto` is known when the cluster is.

        Raises:
            UserError: Ray is not installed.
        """
        if find_spec("ray") is None:
            raise UserError("workers: ray needs Ray. Install it: pip install 'dnnctl[ray]'")
        return cls(choice, 0 if choice.n == "auto" else max(min(choice.n, n_runs), 1), n_runs)

    @property
    def threads(self) -> int:
        """The number of threads of each worker."""
        return self.choice.cpus

    def open(self, call: Call) -> None:
        """Connect to the cluster.

        Raises:
            UserError: there is none.
        """
        self._call = call
        with _quiet():
            import ray

            try:
                _check_reachable(self.choice.address)
                ray.init(self.choice.address, log_to_driver=False, **self._options())
            except Exception as error:  # of many types, some from C++
                raise UserError(self._no_cluster(error)) from None
            resources = ray.cluster_resources()
        self._task = ray.remote(
            num_cpus=self.choice.cpus, num_gpus=self.choice.gpus, max_retries=0, scheduling_strategy="SPREAD"
        )(run_worker)
        room = self._room(resources)
        if self.choice.n == "auto":
            self.n = max(min(room, self.n_runs, MAX_WORKERS), 1)
        if room < self.n:
            call.notify(f"the Ray cluster has room for {format_count(room, 'worker')} of {self.n} now")

    def start(self, n: int) -> list[str]:
        """Start tasks."""
        names = [f"ray-{len(self._tasks) + place}" for place in range(1, n + 1)]
        variables = {name: value for name, value in os.environ.items() if name.startswith("DNNCTL_")}
        for name in names:
            self._tasks[name] = self._task.remote(self._call.arguments(name, self.choice.cpus), variables)
        return names

    def present(self) -> set[str]:
        """The names of the workers whose tasks wait for a machine, or have not ended.

        Raises:
            UserError: the cluster has gone.
        """
        import ray

        if not self._tasks:
            return set()
        try:
            ended, _ = ray.wait(list(self._tasks.values()), num_returns=len(self._tasks), timeout=0)
        except Exception as error:  # of many types
            raise UserError(f"workers: the Ray cluster has gone: {shorten(str(error), SHOWN)}") from None
        return {name for name, task in self._tasks.items() if task not in ended}

    def trouble(self, name: str) -> str:
        """What a worker has printed, or what Ray knows about its end."""
        import ray

        try:
            return str(ray.get(self._tasks[name]))
        except Exception as error:  # of many types
            return str(error)

    def close(self) -> None:
        """End the workers that are left, and a local cluster."""
        if "ray" in sys.modules:
            with _quiet():
                import ray

                ray.shutdown()

    def _options(self) -> dict[str, Any]:
        """What is set only for a new cluster."""
        if self.choice.address != "local":
            return {}
        cores = len(os.sched_getaffinity(0))
        return {"num_cpus": cores, "include_dashboard": False, "object_store_memory": OBJECT_STORE}

    def _room(self, resources: Mapping[str, float]) -> int:
        """The number of workers that a cluster has room for."""
        needed = {"CPU": self.choice.cpus, "GPU": self.choice.gpus}
        return min(int(resources.get(name, 0) / each) for name, each in needed.items() if each)

    def _no_cluster(self, error: Exception) -> str:
        address = self.choice.address
        if address == "auto":
            return (
                "workers: ray found no Ray cluster on this machine. Start one (ray start --head), or write "
                "{kind: ray, address: local} for a cluster of this machine, or the address of another one."
            )
        return f"workers: ray cannot use the cluster at {address}: {shorten(str(error), SHOWN)}"


def _check_reachable(address: str) -> None:
    """Connect to HOST:PORT once: Ray itself would try for minutes.

    Raises:
        OSError: nobody answers.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Ray prints nothing, sends no statistics, and leaves signals to the sweep."""
    os.environ.update(QUIET)
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    with stderr_to(os.devnull):
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

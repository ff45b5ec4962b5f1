"""Starts workers as an array of SLURM jobs, by the commands sbatch, squeue and scancel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from shlex import join
from typing import Self

from dnnctl.commands.workers.remote_workers import Call
from dnnctl.commands.workers.sweep_folder import folder_of
from dnnctl.errors import UserError
from dnnctl.specs.workers import Slurm
from dnnctl.store.files import SURROGATES, write_text

NEEDED = ("sbatch", "squeue", "scancel")
SCRIPT = "batch.sh"
PERIOD = 10.0
"""The seconds between two questions to SLURM, which all users of a cluster share."""
WORKER = "slurm-${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"


@dataclass
class SlurmLauncher:
    """Jobs of SLURM. All jobs of a session have its name, which finds them again."""

    choice: Slurm
    n: int
    _present: set[str] = field(default_factory=set)
    """The workers that had not ended when SLURM was asked last."""
    _asked: float = 0.0
    """When that was, by the monotonic clock."""

    @classmethod
    def of(cls, choice: Slurm, n_runs: int) -> Self:
        """A launcher for a number of runs.

        Raises:
            UserError: SLURM is not installed.
        """
        missing = [name for name in NEEDED if shutil.which(name) is None]
        if missing:
            raise UserError(
                f"workers: slurm needs the command {missing[0]}, which is not on the PATH of {os.uname().nodename}. "
                f"Run the sweep on a login node of the cluster, or choose other workers: processes, ray, shared_folder."
            )
        return cls(choice, max(min(choice.n, n_runs), 1))

    @property
    def threads(self) -> int:
        """The number of threads of each worker."""
        return self.choice.cpus

    @property
    def _job(self) -> str:
        return f"dnnctl-{self._call.sweep}-{self._call.session.id}"

    def open(self, call: Call) -> None:
        """Write the script of the jobs."""
        self._call = call
        self._script = folder_of(call.directory, call.sweep) / SCRIPT
        write_text(self._script, self._text())

    def start(self, n: int) -> list[str]:
        """Submit jobs.

        Raises:
            UserError: SLURM refuses them.
        """
        log = str(self._call.session.log_of("slurm-%A_%a"))
        done = _run("sbatch", "--parsable", f"--array=1-{n}", f"--output={log}", str(self._script))
        number = done.stdout.strip().partition(";")[0]
        if done.returncode or not number.isdecimal():
            raise UserError(f"sbatch refuses {self._script}: {(done.stderr or done.stdout).strip()}")
        names = [f"slurm-{number}_{place}" for place in range(1, n + 1)]
        self._call.notify(f"submitted {n} of {self.n} workers as job {number} ({self._script})")
        self._present |= set(names)
        self._asked = time.monotonic()
        return names

    def present(self) -> set[str]:
        """The names of the workers that are waiting in the queue, or have not ended. SLURM is asked now and then."""
        if self._present and time.monotonic() >= self._asked + PERIOD:
            self._asked = time.monotonic()
            done = _run("squeue", "--noheader", "--array", f"--name={self._job}", "--format=%i")
            if done.returncode == 0:  # otherwise its server is busy
                self._present = {f"slurm-{line.strip()}" for line in done.stdout.splitlines() if line.strip()}
        return set(self._present)

    def trouble(self, name: str) -> str:
        """What a job has printed."""
        log = self._call.session.log_of(name)
        try:
            return log.read_text(encoding="utf-8", errors=SURROGATES)
        except OSError:
            return (
                f"It left no {log}. Do the nodes of the cluster have this folder, and the Python {sys.executable}? "
                f"`sacct -j {name.removeprefix('slurm-')}` shows how the job ended."
            )

    def close(self) -> None:
        """Cancel the jobs that are left."""
        if self._asked:
            _run("scancel", f"--name={self._job}")

    def _text(self) -> str:
        """The script of the jobs."""
        choice = self.choice
        options = {
            "job-name": self._job,
            "partition": choice.partition,
            "time": choice.time,
            "nodes": 1,
            "ntasks": 1,
            "cpus-per-task": choice.cpus,
            "gpus-per-node": choice.gpus or "auto",
        }
        lines = [f"--{name}={value}" for name, value in options.items() if value != "auto"]
        arguments = self._call.arguments("WORKER", choice.cpus)
        command = join([sys.executable, *arguments]).replace(" WORKER ", f' "{WORKER}" ')
        return "\n".join(
            [
                "#!/bin/bash",
                f"# A worker of the sweep {self._call.sweep}, written and submitted by dnnctl sweep.",
                *(f"#SBATCH {line}" for line in ["--no-requeue", *lines, *choice.options]),
                f"exec {command}",
                "",
            ]
        )


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of SLURM. Ctrl-C on the terminal does not reach it."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, process_group=0, check=False
        )
    except OSError as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))

"""Seconds that the light commands take, without Python's own start."""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.clock import seconds

N_RUNS = 11
TARGET = 0.25
"""For every command but `schema`, which editors call once."""
COMMANDS = {"--help": ["--help"], "check": ["check", "configs/selu.yaml"], "list": ["list"], "schema": ["schema"]}


def main() -> None:
    """Print a line for each command: the median of its time minus that of an empty Python program."""
    print(f"\nSeconds more than `python -c pass`, medians of {N_RUNS} alternating runs; the target is {TARGET}")
    with TemporaryDirectory() as folder:
        commands = {name: ["-m", "dnnctl", *arguments] for name, arguments in COMMANDS.items()}
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(N_RUNS):
            base = _run(["-c", "pass"], folder)
            for name, arguments in commands.items():
                times[name].append(_run(arguments, folder) - base)
    for name, measured in times.items():
        print(f"dnnctl {name:<17}{median(measured):>10.2f}")


def _run(arguments: list[str], runs: str) -> float:
    command = [sys.executable, *arguments]
    environment = {**os.environ, "DNNCTL_RUNS_DIR": runs}
    return seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment))


if __name__ == "__main__":
    main()

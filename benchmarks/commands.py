"""Seconds that the light commands take, without Python's own start, and `check` of a long spec."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.clock import seconds

N_RUNS = 11
TARGET = 0.25
"""For every command but `schema`, which editors call once."""
LAYER = {
    "kind": "dense",
    "units": 32,
    "activation": "selu",
    "initializer": "lecun_normal",
    "regularizer": "none",
    "constraint": "none",
    "use_bias": "true",
}
N_LAYERS = 290
"""Of the long spec. A spec may not have more than 600 layers in a row, and each activation is one."""
LONG_TARGET = 1.0
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
    measure_long_spec()


def measure_long_spec() -> None:
    """Print the seconds that `check` takes for a spec of about 2,000 lines, with Python's own start."""
    layer = "\n      ".join(f"{key}: {value}" for key, value in LAYER.items())
    layers = f"    - {layer}\n" * N_LAYERS
    lines = f"data: {{source: fashion_mnist_sample, scaling: standardize}}\nmodel:\n  layers:\n    - flatten\n{layers}"
    with TemporaryDirectory() as folder:
        spec = Path(folder, "long.yaml")
        spec.write_text(lines, encoding="utf-8")
        times = [_run(["-m", "dnnctl", "check", str(spec)], folder) for _ in range(N_RUNS)]
    n_lines = len(lines.splitlines())
    print(f"dnnctl check of {n_lines:,} lines {median(times):.2f} with Python's start (target {LONG_TARGET})")


def _run(arguments: list[str], runs: str) -> float:
    command = [sys.executable, *arguments]
    environment = {**os.environ, "DNNCTL_RUNS_DIR": runs}
    return seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment))


if __name__ == "__main__":
    main()

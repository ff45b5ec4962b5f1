"""Checks on a real GPU what dnnctl promises: `make gpu-check`, or `python tests/gpu_check.py`.

Small networks are trained twice in fresh processes, and killed and resumed; every bit must be the same. Then their
speed is compared with that of the CPU. Exits with 0 if all promises hold, 1 if one is broken, 2 without a GPU.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from dnnctl.text import format_count

DATA = {"source": "fashion_mnist_sample", "validation": {"size": 1000}, "scaling": "unit"}
DENSE: dict[str, Any] = {
    "data": DATA,
    "model": {
        "defaults": {"activation": "relu", "normalization": "batch", "dropout": {"kind": "dropout", "rate": 0.1}},
        "layers": ["flatten", {"kind": "dense", "units": 300}, {"kind": "dense", "units": 100}],
    },
    "optimizer": {"kind": "adam", "learning_rate": 0.001},
    "training": {"epochs": 3},
}
CONVOLUTIONS = [
    {"kind": "conv2d", "filters": 16, "kernel_size": 3},
    {"kind": "max_pool", "size": 2},
    {"kind": "conv2d", "filters": 32, "kernel_size": 3},
    "global_average_pool",
]
CONV: dict[str, Any] = {**DENSE, "model": {"defaults": {"activation": "relu"}, "layers": CONVOLUTIONS}}
CASES = {"dense": (DENSE, ("graph", "xla")), "conv": (CONV, ("graph",))}
"""Networks, and the ways to compile them that a GPU can compute deterministically."""
BROKEN, NO_GPU = 1, 2

Command = Callable[[Sequence[str]], subprocess.CompletedProcess[str]]
"""Runs `dnnctl` with arguments in a fresh process."""


def dnnctl(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run `dnnctl` in a fresh process."""
    command = [sys.executable, "-m", "dnnctl", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@dataclass
class Checks:
    """The checks of one device.

    Args:
        folder: an empty folder for specs and runs.
    """

    command: Command
    device: str
    folder: Path
    is_broken: bool = False

    def run(self) -> None:
        """Check the bits and the speed of every network."""
        for name, (spec, modes) in CASES.items():
            path = self.folder / f"{name}.yaml"
            path.write_text(json.dumps(spec), encoding="utf-8")  # JSON is YAML
            for mode in modes:
                self._repeat(path, mode)
                self._resume(path, mode)
            self._compare_speed(path)

    def _repeat(self, path: Path, mode: str) -> None:
        states = [self._train(path, self.device, mode).get("state") for _ in range(2)]
        is_same = states[0] is not None and states[0] == states[1]
        self._say(
            is_same, f"{path.stem}, {mode}: two processes train the same bits ({str(states[0])[:12]})", str(states)
        )

    def _resume(self, path: Path, mode: str) -> None:
        arguments = ["verify-resume", str(path), "--kills", "2", *self._settings(self.device, mode), "--json"]
        done = self.command(arguments)
        verdict = _last_json(done.stdout)
        detail = f"{verdict.get('differences', '')} {done.stderr.strip()}"
        kills = format_count(len(verdict.get("kills", [])), "kill")
        self._say(done.returncode == 0, f"{path.stem}, {mode}: the same bits after {kills} and resume", detail)

    def _compare_speed(self, path: Path) -> None:
        seconds = {}
        for device in dict.fromkeys((self.device, "cpu")):
            rows = self._train(path, device, "auto").get("seconds", [])
            seconds[device] = median(rows) if rows else float("nan")
        ratio = seconds["cpu"] / seconds[self.device]
        each = ", ".join(f"{value:.3f} s on the {device}" for device, value in seconds.items())
        print(f"--  {path.stem}: an epoch takes {each}; the ratio is {ratio:.1f}", flush=True)

    def _train(self, path: Path, device: str, mode: str) -> dict[str, Any]:
        """The digest of all variables at the end, and the seconds of each epoch but the first."""
        runs = self.folder / "runs"
        done = self.command(["train", str(path), *self._settings(device, mode), "--json", "--runs-dir", str(runs)])
        if done.returncode != 0:
            self._say(False, f"{path.stem}, {mode}: trains on the {device}", done.stderr.strip())
            return {}
        events = list(_events(done.stdout))
        (summary,) = [event["summary"] for event in events if event["event"] == "run_ended"]
        seconds = [event["row"]["seconds"] for event in events if event["event"] == "epoch_ended"]
        return {"state": summary["state"], "seconds": seconds[1:]}

    def _settings(self, device: str, mode: str) -> list[str]:
        return ["--set", f"runtime.device={device}", "--set", f"runtime.compile={mode}"]

    def _say(self, is_kept: bool, promise: str, detail: str) -> None:
        self.is_broken |= not is_kept
        print(f"{'ok' if is_kept else '!!'}  {promise}{'' if is_kept else f': NO. {detail}'}", flush=True)


def gpus(command: Command) -> tuple[str, str]:
    """What `dnnctl doctor` reports about GPUs: their names, and a hint."""
    findings = json.loads(command(["doctor", "--json"]).stdout)
    found = next(each for each in findings if each["subject"] in ("gpu", "devices"))
    return found["state"], found["hint"]


def main(arguments: Sequence[str], command: Command = dnnctl) -> int:
    """Run the checks; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu", help="`cpu` only tries these checks out")
    device = parser.parse_args(arguments).device
    if device == "gpu":
        names, hint = gpus(command)
        if names == "none" or names.startswith("TensorFlow cannot"):
            print(f"no GPU, so nothing was checked: {names}; {hint}")
            return NO_GPU
        print(f"GPUs: {names}")
    with TemporaryDirectory(prefix="dnnctl-gpu-") as folder:
        checks = Checks(command, device, Path(folder))
        checks.run()
    print("BROKEN: see the lines with !!" if checks.is_broken else f"all promises hold on the {device}")
    return BROKEN if checks.is_broken else 0


def _events(text: str) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in text.splitlines() if line.startswith("{"))


def _last_json(text: str) -> dict[str, Any]:
    start = text.find("{")
    return {} if start < 0 else json.loads(text[start:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

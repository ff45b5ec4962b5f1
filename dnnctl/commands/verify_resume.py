"""Checks that resume is exact on this machine: compares a run that is killed repeatedly with one that is not.

Both are trained by the commands that a user types, in separate processes. A kill is SIGKILL, which no process can
handle.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dnnctl.commands.budget import check_settled
from dnnctl.commands.parent import tied_to_this_process
from dnnctl.commands.pretrained import find_pretrained
from dnnctl.errors import RunError
from dnnctl.specs import load
from dnnctl.store.catalog import list_runs
from dnnctl.store.facts import Summary
from dnnctl.store.record import RunRecord, Status
from dnnctl.text import format_count

FRACTION_AT_THE_START = 0.2
"""The fraction of kills that happen while the process starts, reads its checkpoint and truncates its rows."""
SECONDS_OF_A_START = 4.0
CHECKPOINTS_AN_EPOCH = 4


@dataclass(frozen=True)
class Kill:
    """When one process was killed."""

    n_epochs: int
    """Finished epochs at that time."""
    step: int
    """The last reported step; 0 if none was reported."""


@dataclass(frozen=True)
class Verdict:
    """The result of the comparison."""

    whole: RunRecord
    """The run that was not killed."""
    resumed: RunRecord
    kills: list[Kill] = field(default_factory=list)

    @property
    def differences(self) -> list[str]:
        """What differs between the two runs, except times; empty if resume is exact."""
        whole, resumed = _outcome(self.whole), _outcome(self.resumed)
        return [name for name in whole if whole[name] != resumed.get(name)]


def verify_resume(
    spec: Path,
    overrides: Sequence[str],
    directory: Path,
    *,
    n_kills: int,
    runs_dir: Path | None = None,
    report: Callable[[str], None],
    seed: int = 0,
) -> Verdict:
    """Train a spec twice, once without kills and once with kills at random times, each followed by a resume.

    Args:
        directory: an empty directory for both runs.
        runs_dir: where to find the run that the spec reuses.
        n_kills: the maximum number of kills; training may finish before all of them.
        report: called with a line of text as the comparison progresses.
        seed: the seed for the random times of the kills.

    Raises:
        RunError: the training fails even without kills, or cannot be resumed.
    """
    loaded = load(spec, overrides)
    check_settled(loaded, "a comparison of two runs")
    _, source = find_pretrained(loaded, runs_dir)
    if source is not None and source.run is not None:
        overrides = [*overrides, f"model.reuse.run={source.path.parent.resolve()}"]
    report("training without kills …")
    command = ["train", str(spec), *(part for override in overrides for part in ("--set", override))]
    _run_to_the_end([*command, "--runs-dir", str(directory / "whole")])
    (whole,) = list_runs(directory / "whole")
    summary = _summary(whole)
    n_steps, seconds = summary.steps, summary.training_seconds or 0.0
    every = max(1, n_steps // summary.epochs // CHECKPOINTS_AN_EPOCH)
    report(f"{format_count(n_steps, 'step')} in {format_count(summary.epochs, 'epoch')}, state {summary.state}"[:80])
    command += ["--set", f"training.checkpoint.every.steps={every}", "--runs-dir", str(directory / "killed")]
    instants = draw_instants(n_kills, n_steps, seconds, seed=seed)
    kills = _kill_repeatedly(command, instants, directory / "killed", report)
    (resumed,) = list_runs(directory / "killed")
    return Verdict(whole, resumed, kills)


@dataclass(frozen=True)
class Instant:
    """When a process is killed."""

    at_step: int | None
    """Once the process has reported this step of the run; None means during startup."""
    delay: float
    """Additional seconds after that step, or after the start."""


def draw_instants(n_kills: int, n_steps: int, seconds: float, *, seed: int) -> list[Instant]:
    """Random instants, one in each of several equal parts of training.

    Args:
        n_steps: the total number of steps.
        seconds: the duration of training.
    """
    draw = random.Random(seed)
    instants = []
    for number in range(n_kills):
        at_step = round(n_steps * (number + draw.random()) / (n_kills + 1))
        is_early = draw.random() < FRACTION_AT_THE_START and number > 0
        delay = draw.uniform(0, SECONDS_OF_A_START if is_early else seconds / (n_kills + 1))
        instants.append(Instant(None if is_early else at_step, delay))
    return instants


def _kill_repeatedly(
    command: list[str], instants: Sequence[Instant], runs_dir: Path, report: Callable[[str], None]
) -> list[Kill]:
    """Run a training command, kill it at each instant and resume it; then let it finish."""
    kills: list[Kill] = []
    for number, instant in enumerate(instants, 1):
        step = _run_until(command, instant)
        runs = list_runs(runs_dir)
        if not runs:
            continue  # killed before it created a folder: run the same command again
        (run,) = runs
        if run.status != Status.LOST:
            break
        kills.append(Kill(run.epochs, step))
        report(f"kill {number} of {len(instants)}: {_instant(kills[-1])}")
        command = ["resume", str(run.path)]
    _run_to_the_end(command)
    return kills


def _summary(run: RunRecord) -> Summary:
    """The summary of a finished run."""
    assert run.summary is not None, "its command exited with 0"
    return run.summary


def _instant(kill: Kill) -> str:
    return f"after step {kill.step:,}" if kill.step else "during startup"


def _run_to_the_end(arguments: Sequence[str]) -> None:
    with _start(arguments) as process:
        _, errors = process.communicate()
    if process.returncode != 0:
        raise RunError(f"dnnctl {' '.join(arguments)} failed with exit code {process.returncode}:\n{errors.strip()}")


def _run_until(arguments: Sequence[str], instant: Instant) -> int:
    """Run a command until an instant, then kill it. Returns the last reported step, or 0."""
    last = 0
    with _start(arguments) as process:
        try:
            if instant.at_step is not None:
                at_step = instant.at_step
                last = next((step for step in _steps(process) if step >= at_step), 0)
            time.sleep(instant.delay)
        finally:
            process.kill()
    return last


def _steps(process: subprocess.Popen[str]) -> Iterator[int]:
    """The number of steps since the start of the run, each time that training reports it."""
    assert process.stdout is not None
    for line in process.stdout:
        event: dict[str, Any] = json.loads(line)
        if event["event"] == "steps_done":
            yield event["global_step"]


def _start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "dnnctl", *arguments, "--json"]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", **tied_to_this_process()
    )


def _outcome(run: RunRecord) -> dict[str, Any]:
    """Everything that training writes, except times."""
    import numpy as np

    with np.load(run.folder.predictions, allow_pickle=False) as file:
        predictions = {name: file[name].tobytes() for name in file.files}
    return {
        "variables and optimizer": _summary(run).state,
        "metrics.jsonl": [{name: value for name, value in row.items() if name != "seconds"} for row in run.rows],
        "best epoch": _summary(run).best_epoch,
        "predictions.npz": predictions,
    }

"""Kills the processes of sweeps with SIGKILL at random times, starts the sweeps again, and checks what is left.

    python tests/torture_sweep.py [--kills 50] [--seed S]

A sweep searches by TPE, stops trials early and confirms the best. Either one worker is killed, or the process that runs
the sweep, or all of them. In the end each trial is there once, each proposal can be computed again from the trials that
it is based on, and each trial that was not stopped has the bits of an undisturbed training of its spec.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3"}

import yaml

from dnnctl import train
from dnnctl.search.adviser import ADVISERS
from dnnctl.specs.sweep import Sweep
from dnnctl.store.catalog import foreign_folders, list_runs
from dnnctl.store.record import RunRecord, Status
from dnnctl.store.trials import Trial, TrialState, confirming_runs, number_ranges, own_trials, read_trials
from sample_specs import outcome, write_spec

N_TRIALS, TOP, SEEDS = 8, 2, 2
MAX_WAIT = 20.0
"""Seconds until a kill."""


def main() -> int:
    """Kill, start again and check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    options = parser.parse_args()
    draw, n_kills, n_bad = random.Random(options.seed), 0, 0
    print(f"seed {options.seed}", flush=True)
    while n_kills < options.kills:
        with tempfile.TemporaryDirectory() as folder:
            kills = torture(Path(folder), draw)
            problems = check(Path(folder))
            n_kills, n_bad = n_kills + len(kills), n_bad + bool(problems)
            print(f"{n_kills:>4}  {'; '.join(problems) or 'as it should be'}  ({', '.join(kills)})", flush=True)
    return int(n_bad > 0)


def torture(folder: Path, draw: random.Random) -> list[str]:
    """Run a sweep until it is finished, with a few kills; return what was killed."""
    write_spec(folder, training={"batch_size": 16, "epochs": 6})
    (folder / "sweep.yaml").write_text(yaml.safe_dump(sweep_of(draw.randrange(10**6)), sort_keys=False))
    kills: list[str] = []
    for _ in range(draw.randint(3, 7)):
        process = start(folder)
        try:
            process.wait(draw.uniform(1, MAX_WAIT))
            return kills
        except subprocess.TimeoutExpired:
            kills.append(kill(process, draw))
        process.wait()
    assert start(folder).wait() == 0
    return kills


def sweep_of(seed: int) -> dict[str, Any]:
    return {
        "spec": "small.yaml",
        "seed": seed,
        "parameters": {
            "optimizer.learning_rate": {"from": 1e-4, "to": 1.0, "scale": "log"},
            "model.layers.1.units": [4, 8, 16],
        },
        "search": {"kind": "tpe", "trials": N_TRIALS, "startup": 3},
        "objective": {"metric": "val_loss"},
        "prune": {"kind": "median", "startup": 2, "warmup": 1},
        "workers": 2,
        "confirm": {"top": TOP, "seeds": SEEDS},
    }


def start(folder: Path) -> subprocess.Popen[bytes]:
    words = ["sweep", str(folder / "sweep.yaml"), "--runs-dir", str(folder / "runs"), "--quiet"]
    return subprocess.Popen([sys.executable, "-m", "dnnctl", *words])


def kill(process: subprocess.Popen[bytes], draw: random.Random) -> str:
    """Kill a worker, the process that runs the sweep, or all; return which."""
    tasks = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    workers = [int(word) for word in tasks.read_text().split()]
    choice = draw.choice(["worker", "sweep", "all"])
    chosen = {"worker": workers[:1], "sweep": [process.pid], "all": [process.pid, *workers]}[choice]
    for pid in chosen:
        os.kill(pid, signal.SIGKILL)
    if choice == "worker":  # the sweep itself continues
        time.sleep(draw.uniform(0, MAX_WAIT))
        process.kill()
        return "worker, then sweep"
    return choice


def check(folder: Path) -> list[str]:
    """What is wrong with a finished sweep."""
    trials = read_trials(folder / "runs", "sweep")
    own, confirming = own_trials(trials), confirming_runs(trials)
    problems = []
    if [trial.number for trial in own] != list(range(1, N_TRIALS + 1)):
        problems.append(f"trials {[trial.number for trial in own]}")
    if len(list_runs(folder / "runs")) != len(trials) or foreign_folders(folder / "runs"):
        problems.append("there are other runs")
    if len(confirming) != TOP * SEEDS or any(trial.state is not TrialState.FINISHED for trial in confirming):
        problems.append(f"confirmed {[(trial.number, trial.facts.confirms) for trial in confirming]}")
    if not all(trial.state.is_over for trial in own):
        problems.append(f"states {[str(trial.state) for trial in own]}")
    problems += [f"proposal {trial.number}" for trial in own if not is_recomputed(trial, own)]
    problems += [f"bits of trial {trial.run.id}" for trial in trials if not is_undisturbed(trial, folder / "again")]
    before = sorted(folder.glob("runs/*/*"))
    if start(folder).wait() or sorted(folder.glob("runs/*/*")) != before:
        problems.append("a second start does something")
    return problems


def is_recomputed(trial: Trial, trials: list[Trial]) -> bool:
    """Whether a proposal follows from the trials that it names, with all other earlier ones running."""
    sweep = Sweep.model_validate(trial.facts.plan)
    earlier = [each for each in trials if each.number < trial.number]
    finished = [each for each in earlier if str(each.number) in expand(trial.facts.based_on)]
    assert number_ranges([each.number for each in finished]) == trial.facts.based_on
    running = [as_running(each) for each in earlier if each not in finished]
    return ADVISERS[type(sweep.search)](sweep, [*finished, *running], trial.number) == trial.facts.setting


def expand(ranges: str) -> set[str]:
    found: set[str] = set()
    for part in filter(None, ranges.split(", ")):
        first, _, last = part.partition("-")
        found |= {str(number) for number in range(int(first), int(last or first) + 1)}
    return found


def as_running(trial: Trial) -> Trial:
    run = RunRecord(trial.run.folder)
    vars(run)["status"] = Status.RUNNING
    return replace(trial, run=run)


def is_undisturbed(trial: Trial, runs_dir: Path) -> bool:
    """Whether a finished trial has the bits of a training of its spec; a stopped one has the epochs that it says."""
    if trial.state is TrialState.STOPPED:
        return trial.run.epochs == trial.facts.stopped == len(trial.run.rows)
    return trial.state is not TrialState.FINISHED or outcome(trial.run) == outcome(
        train(trial.run.folder.spec, runs_dir=runs_dir)
    )


if __name__ == "__main__":
    sys.exit(main())

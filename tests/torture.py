"""Kills trainings with SIGKILL at random times, resumes them, and compares every bit with undisturbed trainings.

    python tests/torture.py [--kills 100] [--seed S] [--jobs 2]

The undisturbed trainings run in fresh processes, the killed ones in forked processes (see `forked.py`), with 0, 1 or 2
readers. Half of the kills happen at points inside dnnctl (between steps, before and after rows, while a checkpoint is
written), half after a random time. Each training is killed up to four times before it may end.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ |= {"DNNCTL_CACHE_DIR": "", "TF_CPP_MIN_LOG_LEVEL": "3"}

from dnnctl.store.catalog import list_runs
from dnnctl.store.record import RunRecord
from killed import BY_THE_CLOCK, POINTS
from recipes import ALL_RECIPES, MEGABYTES, run_killed, saved_models, spec_of
from sample_specs import outcome

MAX_KILLS_OF_ONE = 4
MAX_OCCURRENCE = {"before_fsync": 16, "after_row": 3}
DEFAULT_OCCURRENCE = 6
MAX_MILLISECONDS = 2000
READERS = (0, 1, 2)
COMMAND_NEVER_DIES = (BY_THE_CLOCK, 10**9)


def main() -> int:
    """Kill, resume and compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.kills} kills over {len(ALL_RECIPES)} recipes", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="dnnctl-torture-"))
    with ThreadPoolExecutor(options.jobs) as pool:
        bad = kill_all(options, pool, folder)
    if bad:
        print(f"the runs that differ are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def kill_all(options: argparse.Namespace, pool: ThreadPoolExecutor, folder: Path) -> int:
    """Kill until there are enough kills; return the number of trainings with a different outcome."""
    expected = train_all_whole(pool, folder)
    n_kills, n_runs, bad, points = 0, 0, 0, Counter[str]()
    batch = iter(trainings(options.seed))
    while n_kills < options.kills:
        jobs = [next(batch) for _ in range(options.jobs)]
        done = pool.map(lambda job: train_killed(*job, folder), jobs)
        for (recipe, _), (run, deaths) in zip(jobs, done, strict=True):
            is_same = bits(run) == expected[recipe]
            if is_same:
                shutil.rmtree(run.path.parents[1])
            n_kills, n_runs, bad = n_kills + len(deaths), n_runs + 1, bad + (not is_same)
            points.update(point for point, _ in deaths)
            listed = ", ".join(f"{point} {n}" for point, n in deaths)
            print(f"{n_kills:>4}  {'same bits' if is_same else 'DIFFERENT'}  {recipe}: {listed}", flush=True)
    print(f"{n_kills} kills of {n_runs} trainings, {bad} with a different outcome")
    print(", ".join(f"{point} {n}" for point, n in points.most_common()))
    return bad


def trainings(seed: int) -> Iterator[tuple[str, random.Random]]:
    """One recipe after the other, each with a new random generator."""
    number = 0
    while True:
        for recipe in ALL_RECIPES:
            yield recipe, random.Random(f"{seed} {number}")
            number += 1


def train_all_whole(pool: ThreadPoolExecutor, folder: Path) -> dict[str, Any]:
    """For each recipe the bits of a training that is not killed."""
    return dict(zip(ALL_RECIPES, pool.map(lambda name: train_whole(name, folder), ALL_RECIPES), strict=True))


def bits(run: RunRecord) -> tuple[Any, Any]:
    """Everything that must be the same: results, predictions, and the saved models with their optimizers."""
    return outcome(run), saved_models(run)


def train_whole(recipe: str, folder: Path) -> tuple[Any, Any]:
    """The bits of a training that is not killed, in a fresh process: a difference of forked ones is found, too."""
    directory = Path(tempfile.mkdtemp(dir=folder))
    run_killed("train", spec_of(recipe, directory), directory / "runs", *COMMAND_NEVER_DIES, fresh=True)
    found = bits(list_runs(directory / "runs")[0])
    shutil.rmtree(directory)
    return found


def train_killed(recipe: str, draw: random.Random, folder: Path) -> tuple[RunRecord, list[tuple[str, int]]]:
    """A training that is killed a few times, and the points at which it died."""
    directory = Path(tempfile.mkdtemp(dir=folder))
    spec, runs = spec_of(recipe, directory, readers=draw.choice(READERS)), directory / "runs"
    megabytes = MEGABYTES.get(recipe)
    deaths: list[tuple[str, int]] = []
    for _ in range(draw.randint(1, MAX_KILLS_OF_ONE)):
        point = choose_point(draw)
        if run_killed(*next_command(spec, runs), *point, megabytes=megabytes):
            deaths.append(point)
    run_killed(*next_command(spec, runs), *COMMAND_NEVER_DIES, megabytes=megabytes)
    return list_runs(runs)[0], deaths


def next_command(spec: Path, runs: Path) -> tuple[str, Path, Path]:
    """The command that a user would type next: resume, or train if there is no run yet."""
    found = list_runs(runs)
    return ("resume", found[0].path, runs) if found else ("train", spec, runs)


def choose_point(draw: random.Random) -> tuple[str, int]:
    """A random point and its occurrence, or a random number of milliseconds."""
    if draw.random() < 0.5:
        return BY_THE_CLOCK, draw.randint(1, MAX_MILLISECONDS)
    point = draw.choice(sorted(POINTS))
    return point, draw.randint(1, MAX_OCCURRENCE.get(point, DEFAULT_OCCURRENCE))


if __name__ == "__main__":
    sys.exit(main())

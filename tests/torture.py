"""Kills trainings with SIGKILL at random times, resumes them, and compares every bit with undisturbed trainings.

    python tests/torture.py [--kills 100] [--seed S] [--jobs 2]

Half of the kills happen at points inside dnnctl (between steps, before and after rows, while a checkpoint is written),
half after a random time. Each training is killed up to four times before it may end.
"""

from __future__ import annotations

import argparse
import os
import random
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
from recipes import ALL_RECIPES, run_killed, saved_models, spec_of
from sample_specs import outcome

MAX_KILLS_OF_ONE = 4
MAX_OCCURRENCE = {"before_fsync": 16, "after_row": 3}
DEFAULT_OCCURRENCE = 6
MAX_MILLISECONDS = 2000
COMMAND_NEVER_DIES = (BY_THE_CLOCK, 10**9)


def main() -> int:
    """Kill, resume and compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.kills} kills over {len(ALL_RECIPES)} recipes")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        expected = train_all_whole(pool, Path(folder))
        n_kills, n_runs, bad, points = 0, 0, 0, Counter[str]()
        batch = iter(trainings(options.seed))
        while n_kills < options.kills:
            jobs = [next(batch) for _ in range(options.jobs)]
            for (recipe, _), (run, deaths) in zip(
                jobs, pool.map(lambda job: train_killed(job[0], job[1], Path(folder)), jobs), strict=True
            ):
                is_same = bits(run) == expected[recipe]
                n_kills, n_runs, bad = n_kills + len(deaths), n_runs + 1, bad + (not is_same)
                points.update(point for point, _ in deaths)
                listed = ", ".join(f"{point} {n}" for point, n in deaths)
                print(f"{n_kills:>4}  {'same bits' if is_same else 'DIFFERENT'}  {recipe}: {listed}", flush=True)
    print(f"{n_kills} kills of {n_runs} trainings, {bad} with a different outcome")
    print(", ".join(f"{point} {n}" for point, n in points.most_common()))
    return 1 if bad else 0


def trainings(seed: int) -> Iterator[tuple[str, random.Random]]:
    """One recipe after the other, each with a new random generator."""
    number = 0
    while True:
        for recipe in ALL_RECIPES:
            yield recipe, random.Random(f"{seed} {number}")
            number += 1


def train_all_whole(pool: ThreadPoolExecutor, folder: Path) -> dict[str, Any]:
    """For each recipe the bits of a training that is not killed."""
    runs = pool.map(lambda name: train_whole(name, folder), ALL_RECIPES)
    return {recipe: bits(run) for recipe, run in zip(ALL_RECIPES, runs, strict=True)}


def bits(run: RunRecord) -> tuple[Any, Any]:
    """Everything that must be the same: results, predictions, and the saved models with their optimizers."""
    return outcome(run), saved_models(run)


def train_whole(recipe: str, folder: Path) -> RunRecord:
    """A training that is not killed."""
    directory = Path(tempfile.mkdtemp(dir=folder))
    run_killed("train", spec_of(recipe, directory), directory / "runs", *COMMAND_NEVER_DIES)
    return list_runs(directory / "runs")[0]


def train_killed(recipe: str, draw: random.Random, folder: Path) -> tuple[RunRecord, list[tuple[str, int]]]:
    """A training that is killed a few times, and the points at which it died."""
    directory = Path(tempfile.mkdtemp(dir=folder))
    spec, runs = spec_of(recipe, directory), directory / "runs"
    deaths: list[tuple[str, int]] = []
    for _ in range(draw.randint(1, MAX_KILLS_OF_ONE)):
        point = choose_point(draw)
        if run_killed(*next_command(spec, runs), *point):
            deaths.append(point)
    run_killed(*next_command(spec, runs), *COMMAND_NEVER_DIES)
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

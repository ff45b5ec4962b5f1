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
import subprocess
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
from recipes import ALL_RECIPES, MEGABYTES, NEVER, run_killed, saved_models, spec_of
from sample_specs import outcome

MAX_KILLS_OF_ONE = 4
MAX_OCCURRENCE = {"before_fsync": 16, "after_row": 3}
DEFAULT_OCCURRENCE = 6
MAX_MILLISECONDS = 2000
READERS = (0, 1, 2)
SAME = "same bits"


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
    expected: dict[str, Any] = {}
    n_kills, n_runs, bad, points = 0, 0, 0, Counter[str]()
    batch = iter(trainings(options.seed))
    while n_kills < options.kills:
        jobs = [next(batch) for _ in range(options.jobs)]
        for (recipe, _), (verdict, deaths) in zip(
            jobs, pool.map(lambda job: torture(*job, folder, expected), jobs), strict=True
        ):
            n_kills, n_runs, bad = n_kills + len(deaths), n_runs + 1, bad + (verdict != SAME)
            points.update(point for point, _ in deaths)
            listed = ", ".join(f"{point} {n}" for point, n in deaths)
            print(f"{n_kills:>4}  {verdict}  {recipe}: {listed}", flush=True)
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


def torture(
    recipe: str, draw: random.Random, folder: Path, expected: dict[str, Any]
) -> tuple[str, list[tuple[str, int]]]:
    """Kill a training repeatedly; return what the comparison says, and the points at which it died.

    Args:
        expected: the bits of each recipe that was trained before; that of this one is added.
    """
    directory = Path(tempfile.mkdtemp(dir=folder))
    try:
        if recipe not in expected:
            expected[recipe] = train_whole(recipe, directory)
        spec = spec_of(recipe, directory, readers=draw.choice(READERS))
        points = [choose_point(draw) for _ in range(draw.randint(1, MAX_KILLS_OF_ONE))]
        deaths = [point for point in [*points, NEVER] if run_once(recipe, spec, directory / "runs", point)]
    except (AssertionError, subprocess.TimeoutExpired) as error:  # the training failed, or hangs
        return f"FAILED: {str(error)[-300:]}", []
    if bits(list_runs(directory / "runs")[0]) != expected[recipe]:
        return "DIFFERENT", deaths
    shutil.rmtree(directory)
    return SAME, deaths


def run_once(recipe: str, spec: Path, runs: Path, point: tuple[str, int]) -> bool:
    """Run the command that a user would type next; return whether it was killed."""
    return run_killed(*next_command(spec, runs), *point, megabytes=MEGABYTES.get(recipe))


def train_whole(recipe: str, directory: Path) -> tuple[Any, Any]:
    """The bits of a training that is not killed, in a fresh process: a difference of forked ones is found, too."""
    run_killed("train", spec_of(recipe, directory), directory / "whole", *NEVER, fresh=True)
    return bits(list_runs(directory / "whole")[0])


def bits(run: RunRecord) -> tuple[Any, Any]:
    """Everything that must be the same: results, predictions, and the saved models with their optimizers."""
    return outcome(run), saved_models(run)


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

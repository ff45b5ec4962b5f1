"""A worker of a sweep that kills itself with SIGKILL in given trials, once in each.

    python killed_worker.py THREADS

The environment variable KILLS holds a folder for marks, and for each trial the number and the point of its death, as in
`killed.py`: `FOLDER 3 after_row 2 5 before_rename 1`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from dnnctl.commands.workers import trial_worker
from killed import die_at


def kill_in(folder: Path, number: str, point: str, n: str) -> None:
    """Make the process die in the trial with this number, unless it has already killed one."""
    train = trial_worker.train_trial

    def killed(path: Path, *arguments: Any) -> bool:
        mark = folder / f"killed-{number}"
        if f"-{int(number):04d}-" in path.name and not mark.exists():
            mark.touch()
            die_at(point, int(n))
        return train(path, *arguments)

    trial_worker.train_trial = killed  # type: ignore[assignment]


if __name__ == "__main__":
    folder, *kills = os.environ["KILLS"].split()
    for number, point, n in zip(kills[::3], kills[1::3], kills[2::3], strict=True):
        kill_in(Path(folder), number, point, n)
    trial_worker.work(int(sys.argv[1]))

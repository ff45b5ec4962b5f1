"""Trains, resumes or forks, and kills itself with SIGKILL at a given point.

    python killed.py train SPEC RUNS_DIR POINT N KEY=VALUE...
    python killed.py resume RUN RUNS_DIR POINT N
    python killed.py fork RUN RUNS_DIR POINT N KEY=VALUE...

POINT is one of the points below. The process dies at its N-th occurrence, counted from 1. With `after_milliseconds` it
dies N milliseconds after TensorFlow is loaded, wherever it is then.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

from dnnctl.commands.fork import fork
from dnnctl.commands.parent import end_with_parent
from dnnctl.commands.resume import resume
from dnnctl.commands.train import train
from dnnctl.engine import streaming
from dnnctl.engine.step_loop import StepLoop
from dnnctl.runner.checkpointing import checkpointer, roll_back
from dnnctl.runner.checkpointing.metric_log import MetricLog
from dnnctl.specs import load
from dnnctl.store import checkpoint, writer

POINTS: dict[str, tuple[Any, str, bool]] = {
    "before_steps": (StepLoop, "run", False),
    "after_steps": (StepLoop, "run", True),
    "after_row": (MetricLog, "add_row", True),
    "after_arrays": (checkpointer, "_write_arrays", True),
    "before_fsync": (checkpoint, "sync", False),
    "before_rename": (checkpoint, "_put_in_place", False),
    "after_rename": (checkpoint, "_put_in_place", True),
    "before_removal": (writer, "remove_old", False),
    "before_roll_back": (roll_back, "remove_after", False),
    "after_roll_back": (roll_back.RollBack, "go_back", True),
}
"""Where a process can die: the function that is called there, and whether it dies after the call or before it."""


BY_THE_CLOCK = "after_milliseconds"


WAITING = "WAIT_FOR_EVERY_CHECKPOINT"
"""The environment variable that makes the occurrences of a point the same in every process."""


MEGABYTES = "MEGABYTES"
"""The environment variable with the memory that the process may have in addition to what it has when it starts."""


def die() -> None:
    """End the process at once, as if the machine lost power."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(point: str, n: int) -> None:
    """Make the process die at the n-th occurrence of a point."""
    if point == BY_THE_CLOCK:
        Thread(target=lambda: (sleep(n / 1000), die()), daemon=True).start()
        return
    home, name, is_after = POINTS[point]
    original: Callable[..., Any] = getattr(home, name)
    n_calls = 0

    def replacement(*arguments: Any, **options: Any) -> Any:
        nonlocal n_calls
        n_calls += 1
        if n_calls == n and not is_after:
            die()
        result = original(*arguments, **options)
        if n_calls == n:
            die()
        return result

    setattr(home, name, replacement)


def wait_for_every_checkpoint() -> None:
    """Make training wait for each checkpoint: otherwise one is skipped while another is written, as chance has it."""
    save = checkpointer.Checkpointer.save

    def save_and_wait(self: Any, loop: Any, **options: Any) -> None:
        save(self, loop, **{**options, "wait": True})

    checkpointer.Checkpointer.save = save_and_wait  # type: ignore[method-assign]


def limit_memory(megabytes: int) -> None:
    """Let further allocations fail beyond a limit. Linux does not count files that are mapped to read them."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData:"))
    limit = int(line.split()[1]) * 1024 + megabytes * 10**6
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def main(arguments: Sequence[str]) -> None:
    """Train, resume or fork as the arguments say."""
    if WAITING in os.environ:
        wait_for_every_checkpoint()
    if MEGABYTES in os.environ:
        limit_memory(int(os.environ[MEGABYTES]))
    streaming.MAX_STEPS = 2  # so that the small data have several chunks
    action, what, runs_dir, point, n, *overrides = arguments
    die_at(point, int(n))
    if action == "train":
        train(load(Path(what), overrides), runs_dir=runs_dir)
    elif action == "fork":
        fork(what, overrides, runs_dir=runs_dir)
    else:
        resume(what, runs_dir=runs_dir)


if __name__ == "__main__":
    end_with_parent()
    main(sys.argv[1:])

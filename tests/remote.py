"""Workers elsewhere that are threads here, and train nothing; and a sweep for those that train."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from dnnctl.commands import join
from dnnctl.commands.workers import remote_workers, sweep_folder, trial_worker
from dnnctl.commands.workers.remote_workers import Call
from dnnctl.errors import RunError
from fake_workers import RELEASED
from sample_specs import write_spec

Train = Callable[[Path, trial_worker.Write], bool]


def write_grid(folder: Path, **sections: Any) -> Path:
    """Write a sweep over three settings of a small net."""
    write_spec(folder)
    parameters = {"optimizer.learning_rate": [0.3, 0.1, 0.01]}
    plain = {"name": "grid", "spec": "small.yaml", "parameters": parameters, "search": "grid", **sections}
    path = folder / "grid.yaml"
    path.write_text(yaml.safe_dump({**plain, "objective": {"metric": "val_loss"}}, sort_keys=False))
    return path


def release(_run: Path, write: trial_worker.Write) -> bool:
    """Train a run in no time."""
    write(dict(RELEASED))
    return True


def train_by(train: Train, patch: pytest.MonkeyPatch, *, stop: Callable[[], None] = lambda: None) -> None:
    """Make this what workers do with a run; a worker that raises SystemExit has died.

    Args:
        stop: called when a worker must save its run and end.
    """
    patch.setattr(join, "_save_and_end", stop)
    patch.setattr(trial_worker, "_prepare", lambda _: None)
    patch.setattr(trial_worker, "train_trial", lambda run, write, _memory: train(run, write))
    for module in (join, remote_workers, sweep_folder):
        patch.setattr(module, "POLL", 0.005)


@dataclass
class ThreadLauncher:
    """Starts workers as threads."""

    n: int
    threads: int = 1
    is_broken: bool = False
    """Whether the workers end before they join."""
    started: dict[str, Thread | None] = field(default_factory=dict)
    n_calls: dict[str, int] = field(default_factory=lambda: {"open": 0, "close": 0})

    def open(self, call: Call) -> None:
        self.call = call
        self.n_calls["open"] += 1

    def start(self, n: int) -> list[str]:
        names = [f"thread-{len(self.started) + place}" for place in range(n)]
        for name in names:
            self.started[name] = None if self.is_broken else self._worker(name)
        return names

    def present(self) -> set[str]:
        return {name for name, thread in self.started.items() if thread is not None and thread.is_alive()}

    def trouble(self, name: str) -> str:
        return f"{name}: no such folder"

    def close(self) -> None:
        self.n_calls["close"] += 1

    def _worker(self, name: str) -> Thread:
        thread = Thread(target=self._work, args=(name,), daemon=True)
        thread.start()
        return thread

    def _work(self, name: str) -> None:
        with suppress(SystemExit, RunError):  # it has died, or comes too late
            session = self.call.session.id
            join.join(self.call.sweep, runs_dir=self.call.directory, session=session, worker=name, threads=1)

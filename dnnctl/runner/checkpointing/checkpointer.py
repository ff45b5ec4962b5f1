"""Writes checkpoints beside the training, in a thread of their own, and restores the newest that is sound."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any

import keras
import numpy as np

from dnnctl.engine.variables import Arrays, read_state, shapes_of, write_state
from dnnctl.errors import RunError
from dnnctl.runner.checkpointing.best_weights import BestWeights
from dnnctl.runner.checkpointing.metric_log import MetricLog
from dnnctl.runner.loop import Loop
from dnnctl.specs.training import Checkpoint as CheckpointSpec
from dnnctl.store.checkpoint import Checkpoint, list_checkpoints, remove_old, write_checkpoint

VARIABLES, BEST = "variable/", "best/"


class Checkpointer:
    """Saves a training and restores it.

    A copy of the state is taken at once; a thread writes it while training goes on.

    Args:
        folder: where the checkpoints lie.
    """

    loop: Loop
    variables: Mapping[str, keras.Variable]
    """Every variable that the stage's next step depends on, by path."""

    def __init__(self, folder: Path, spec: CheckpointSpec, best: BestWeights, records: MetricLog) -> None:
        self.folder = folder
        self.spec = spec
        self.best = best
        self.records = records
        self._thread: Thread | None = None
        self._error: OSError | None = None
        self._saved = time.monotonic()

    def attend(self, loop: Loop) -> Loop:
        """Save and restore this loop from now on; returns it."""
        self.loop = loop
        self.variables = loop.engine.variables
        return loop

    def is_due(self) -> bool:
        """Whether the spec wants a checkpoint now, in the middle of an epoch."""
        every = self.spec.every
        if self.loop.step == self.loop.engine.n_steps:
            return False  # the epoch's end is next
        if every.steps != "none" and self.loop.global_step % every.steps == 0:
            return True
        return every.minutes != "none" and time.monotonic() - self._saved >= 60 * every.minutes

    def save(self, *, wait: bool = False) -> None:
        """Have the state as it is now written; while the one before is still being written, only if `wait`.

        Raises:
            OSError: the disk is full or cannot be written to.
        """
        if not wait and self._thread is not None and self._thread.is_alive():
            return
        self.finish()
        arrays = {VARIABLES + path: value for path, value in read_state(self.variables).items()}
        arrays |= {BEST + path: value for path, value in (self.best.copy or {}).items()}
        loop, records = self.loop, self.records
        state = {
            "stage": loop.stage.key,
            "optimizer": loop.stage.optimizer,
            "loop": loop.state(),
            "rows": list(records.rows),
            "pretraining": list(records.pretraining),
        }
        epoch, best_epoch = (0, -1) if loop.stage.is_pretraining else (loop.epoch, loop.best.best_epoch)
        position = (epoch, loop.global_step, best_epoch)
        self._saved = time.monotonic()
        self._thread = Thread(target=self._write, args=(arrays, state, *position), name="checkpoint")
        self._thread.start()
        if wait:
            self.finish()

    def finish(self) -> None:
        """Wait until nothing is being written any more.

        Raises:
            OSError: the disk is full or cannot be written to.
        """
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def check_room(self) -> None:
        """Whether the disk has room for all that training will write.

        Raises:
            RunError: it has not.
        """
        n_bytes = sum(int(np.prod(variable.shape)) * 4 for variable in self.variables.values())
        needed = n_bytes * 2 * (self.spec.keep + 2)  # the best weights besides; one being written, one model file
        needed -= sum(file.stat().st_size for file in self.folder.rglob("*.npz"))  # older ones make room
        free = shutil.disk_usage(self.folder.parent).free
        if free < needed:
            raise RunError(
                f"Training needs about {needed / 1e6:,.0f} MB in {self.folder.parent}, {free / 1e6:,.0f} MB are free. "
                f"Make room, choose another --runs-dir, or keep fewer checkpoints (training.checkpoint.keep)."
            )

    def find(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest sound checkpoint, if there is one, and what is wrong with newer ones."""
        damaged: list[str] = []
        for checkpoint in reversed(list_checkpoints(self.folder)):
            damage = checkpoint.damage()
            if damage is None:
                return checkpoint, damaged
            damaged.append(f"{checkpoint.name} ({damage})")
        return None, damaged

    def restore(self, checkpoint: Checkpoint) -> None:
        """Restore a checkpoint of the stage that is attended to.

        Raises:
            RunError: it is of another model.
        """
        values, best = read_arrays(checkpoint)
        if shapes_of(values) != shapes_of(self.variables):
            raise RunError(f"{checkpoint.path} holds the state of another model than the spec beside it describes.")
        write_state(self.variables, values)
        self.best.recall(best)
        state = checkpoint.read_state()
        self.loop.restore(state["loop"])
        self.records.cut_back(state["rows"], state.get("pretraining", []))

    def _write(self, arrays: Arrays, state: dict[str, Any], epoch: int, step: int, best_epoch: int) -> None:
        try:
            write_checkpoint(
                self.folder, epoch=epoch, step=step, state=state, write_arrays=lambda path: _write_arrays(path, arrays)
            )
            remove_old(self.folder, keep=self.spec.keep, best_epoch=best_epoch)
        except OSError as error:
            self._error = error


def read_arrays(checkpoint: Checkpoint) -> tuple[Arrays, Arrays]:
    """The variables of a checkpoint, and the best weights it holds besides."""
    with np.load(checkpoint.arrays, allow_pickle=False) as file:
        arrays: Arrays = dict(file)
    return _under(VARIABLES, arrays), _under(BEST, arrays)


def _write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    np.savez(path, **arrays)


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {path.removeprefix(prefix): value for path, value in arrays.items() if path.startswith(prefix)}

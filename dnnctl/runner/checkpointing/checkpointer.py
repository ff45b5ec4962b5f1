"""Writes checkpoints in a thread while training continues, and restores the newest intact one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any
from zipfile import BadZipFile

import keras
import numpy as np

from dnnctl.engine.variables import Arrays, read_state, shapes_of, write_state
from dnnctl.errors import RunError
from dnnctl.runner.checkpointing.best_weights import BestWeights
from dnnctl.runner.checkpointing.metric_log import MetricLog
from dnnctl.runner.checkpointing.policies import policies
from dnnctl.runner.checkpointing.progress import Progress, RollBackState, read_progress
from dnnctl.runner.loop import Loop
from dnnctl.specs.training import Checkpoint as CheckpointSpec
from dnnctl.store.archive import ArchiveError, check_archive
from dnnctl.store.checkpoint import Checkpoint, list_checkpoints, name_of_checkpoint
from dnnctl.store.files import open_to_read
from dnnctl.store.json_object import plain
from dnnctl.store.writer import RunWriter

VARIABLES, BEST = "variable/", "best/"


class Checkpointer:
    """Saves and restores the state of a training run.

    The state is copied at once; a thread writes the copy while training continues.
    """

    def __init__(self, writer: RunWriter, spec: CheckpointSpec, best: BestWeights, log: MetricLog) -> None:
        self.writer = writer
        self.folder = writer.folder.checkpoints
        self.best = best
        self.log = log
        self.save_policy, self.keep_policy = policies(spec)
        self.roll_back = RollBackState()
        self._thread: Thread | None = None
        self._error: BaseException | None = None

    def is_due(self, loop: Loop) -> bool:
        """Whether the spec requires a checkpoint now, in the middle of an epoch."""
        if loop.step == loop.engine.n_steps:
            return False  # the epoch's end is next
        return self.save_policy.is_due(loop.global_step)

    def save(self, loop: Loop, *, wait: bool = False, is_anchor: bool = False) -> None:
        """Start writing the current state. If the previous one is still being written, wait for it, or skip this one.

        Args:
            wait: whether to wait until the state is written.
            is_anchor: whether roll-backs go back to this state from now on. It is never skipped.

        Raises:
            OSError: the disk is full or cannot be written to.
        """
        if not (wait or is_anchor) and self._thread is not None and self._thread.is_alive():
            return
        self.finish()
        arrays = {VARIABLES + path: value for path, value in read_state(loop.engine.variables).items()}
        arrays |= {BEST + path: value for path, value in (self.best.copy or {}).items()}
        epoch, best_epoch = (loop.epoch, loop.best.best_epoch) if loop.stage.kind.trains_model else (0, -1)
        step = loop.global_step
        if is_anchor:
            self.roll_back = replace(self.roll_back, anchor=name_of_checkpoint(epoch=epoch, step=step))
        rows, pretraining, probe = map(tuple, (self.log.rows, self.log.pretraining, self.log.probed))
        progress = Progress(
            loop.stage.key, loop.stage.optimizer, loop.state(), rows, pretraining, probe, self.roll_back
        )
        self.save_policy.note_saved()
        self._thread = Thread(
            target=self._write,
            args=(arrays, plain(progress), epoch, step, best_epoch, self.roll_back.anchor),
            name="checkpoint",
        )
        self._thread.start()
        if wait:
            self.finish()

    def finish(self) -> None:
        """Wait until the checkpoint in progress is written.

        Raises:
            OSError: the disk is full or cannot be written to.
        """
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def check_room(self, variables: Mapping[str, keras.Variable]) -> None:
        """Check that the disk has room for everything that training will write.

        Raises:
            RunError: the disk has too little room.
        """
        n_bytes = sum(int(np.prod(variable.shape)) * 4 for variable in variables.values())
        # Each checkpoint also holds the best weights; one more is being written, and there are two model files.
        needed = n_bytes * 2 * (self.keep_policy.n_newest + 2)
        needed -= sum(file.stat().st_size for file in self.folder.rglob("*.npz"))  # older checkpoints will make room
        free = shutil.disk_usage(self.folder.parent).free
        if free < needed:
            raise RunError(
                f"Training needs about {needed / 1e6:,.0f} MB in {self.folder.parent}, but only "
                f"{free / 1e6:,.0f} MB are free. Free some space, choose another --runs-dir, or keep fewer checkpoints "
                f"(training.checkpoint.keep)."
            )

    def find(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest intact checkpoint, if there is one, and what is wrong with each newer one."""
        damaged: list[str] = []
        for checkpoint in reversed(list_checkpoints(self.folder)):
            damage = checkpoint.damage()
            if damage is None:
                return checkpoint, damaged
            damaged.append(f"{checkpoint.name} ({damage})")
        return None, damaged

    def restore(self, checkpoint: Checkpoint, loop: Loop) -> None:
        """Restore a checkpoint into the loop of its stage.

        Raises:
            RunError: the checkpoint belongs to another model.
        """
        progress, best = restore_loop(checkpoint, loop)
        self.best.recall(best, (progress.best_row or {}).get("phase", 1))
        self.roll_back = progress.roll_back
        self.log.cut_back(progress.rows, progress.pretraining, progress.probe)

    def _write(
        self, arrays: Arrays, state: dict[str, Any], epoch: int, step: int, best_epoch: int, anchor: str
    ) -> None:
        try:
            self.writer.write_checkpoint(
                epoch=epoch,
                step=step,
                state=state,
                write_arrays=lambda path: _write_arrays(path, arrays),
                keep=self.keep_policy.n_newest,
                best_epoch=best_epoch,
                anchor=anchor,
            )
        except BaseException as error:  # the training thread raises it: no checkpoint may fail silently
            self._error = error


def restore_loop(checkpoint: Checkpoint, loop: Loop) -> tuple[Progress, Arrays]:
    """Restore a checkpoint into the loop of its stage; return its progress and its best weights.

    Raises:
        RunError: the checkpoint is damaged, or belongs to another model.
    """
    values, best = read_arrays(checkpoint)
    variables = loop.engine.variables
    if shapes_of(values) != shapes_of(variables):
        raise RunError(f"{checkpoint.path} does not contain the state of the model in the run's spec.yaml.")
    write_state(variables, values)
    progress = read_progress(checkpoint)
    loop.restore(progress.loop)
    return progress, best


def read_arrays(checkpoint: Checkpoint) -> tuple[Arrays, Arrays]:
    """The variables and the best weights in a checkpoint.

    Raises:
        RunError: the checkpoint is damaged.
    """
    try:
        check_archive(checkpoint.arrays)
        with open_to_read(checkpoint.arrays) as stream, np.load(stream, allow_pickle=False) as file:
            arrays: Arrays = dict(file)
    except (ArchiveError, OSError, ValueError, EOFError, MemoryError, BadZipFile) as error:
        raise RunError(f"{checkpoint.arrays} cannot be used: {error or type(error).__name__}.") from None
    return _under(VARIABLES, arrays), _under(BEST, arrays)


def _write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    np.savez(path, **arrays)


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {path.removeprefix(prefix): value for path, value in arrays.items() if path.startswith(prefix)}

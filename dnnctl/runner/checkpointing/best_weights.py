"""The best weights so far, in memory and as a plain Keras model on disk."""

from __future__ import annotations

import time
from pathlib import Path

import keras

from dnnctl.engine.variables import Arrays, read_state, write_state
from dnnctl.store.files import write_through

MAX_SHARE = 0.02
"""The share of training's time that writing the model may take before the end."""


class BestWeights:
    """Keeps a copy of the best weights; writes the model now and then, and at the end.

    Args:
        model: the model that is trained.
    """

    plain: keras.Model
    """A model of the same layers, as it is to be found on disk."""

    def __init__(self, model: keras.Model, path: Path) -> None:
        self.path = path
        self.variables = {f"{i}": variable for i, variable in enumerate(model.weights)}
        self.copy: Arrays | None = None
        self._is_written = False
        self._next_write = time.monotonic()

    def keep(self) -> None:
        """Take the current weights for the best."""
        self.copy = read_state(self.variables)
        self._is_written = False
        if time.monotonic() >= self._next_write:
            self._write()

    def recall(self, copy: Arrays) -> None:
        """Know the best weights of a training that goes on."""
        self.copy = copy or None
        self._is_written = False

    def restore(self) -> None:
        """Give the model its best weights back, and have them on disk; without any nothing happens."""
        if self.copy is None:
            return
        write_state(self.variables, self.copy)
        if not self._is_written:
            self._write()

    def _write(self) -> None:
        started = time.monotonic()
        write_through(self.path, self.plain.save)
        now = time.monotonic()
        self._next_write = now + (now - started) / MAX_SHARE
        self._is_written = True

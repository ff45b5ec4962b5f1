"""The best weights so far: in memory, and as a plain Keras model on disk."""

from __future__ import annotations

import time
from collections.abc import Callable

import keras

from dnnctl.engine.variables import Arrays, read_state, write_state
from dnnctl.store.writer import RunWriter

MAX_FRACTION = 0.02
"""The fraction of the time that writing the model may take while training runs."""
MakePlain = Callable[[int], keras.Model]
"""Makes the model to save: the same layers with a fresh optimizer, that of the given phase."""


class BestWeights:
    """Keeps a copy of the best weights, and writes the model from time to time and at the end.

    Args:
        model: the model that is trained.
        make_plain: makes the model to save.
    """

    def __init__(self, model: keras.Model, make_plain: MakePlain, writer: RunWriter) -> None:
        self.writer = writer
        self.make_plain = make_plain
        self.variables = {f"{i}": variable for i, variable in enumerate(model.weights)}
        self.copy: Arrays | None = None
        self._phase = 1
        self._is_written = False
        self._next_write = time.monotonic()

    def keep(self, phase: int) -> None:
        """Take the current weights, which a phase trained, as the best."""
        self.copy = read_state(self.variables)
        self._phase = phase
        self._is_written = False
        if time.monotonic() >= self._next_write:
            self._write()

    def recall(self, copy: Arrays, phase: int) -> None:
        """Take over the best weights of a resumed run; an empty copy means that there are none yet."""
        self.copy = copy or None
        self._phase = phase
        self._is_written = False

    def restore(self) -> None:
        """Restore the best weights of the model and write them; do nothing if there are none yet."""
        if self.copy is None:
            return
        write_state(self.variables, self.copy)
        if not self._is_written:
            self._write()

    def _write(self) -> None:
        started = time.monotonic()
        self.writer.write_model(self.make_plain(self._phase).save)
        now = time.monotonic()
        self._next_write = now + (now - started) / MAX_FRACTION
        self._is_written = True

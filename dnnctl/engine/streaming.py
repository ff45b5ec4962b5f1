"""Examples that are larger than memory: an epoch's examples are read in chunks, ahead of the training.

A chunk holds the examples of some steps in the order of training. The steps get the same batches as if all examples
were on the device.

Shapes: N is the number of examples, B the batch size, C the number of steps of a chunk, P the number of examples before
a batch that its augmentation needs.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dnnctl.data.dataset import Part
from dnnctl.engine.batch import Batch

N_AHEAD = 2
"""The number of chunks that are read ahead."""
MAX_STEPS = 512
CHUNK_BYTES = 1 << 25
Tensors = tuple[Any, Any, Any]
"""Inputs, targets and weights; the weights can be None."""


class Streamed:
    """Examples whose inputs are read when they are needed.

    Args:
        part: the examples, with lazy inputs.
        n_readers: the number of threads that read ahead; 0 reads when a chunk is needed.
    """

    def __init__(self, part: Part, *, n_readers: int) -> None:
        self.part = part
        self.n = len(part)
        self.targets = part.targets
        self.n_readers = n_readers

    def take(self, rows: slice) -> Batch:
        """Some of the examples, to measure them."""
        return Batch(*_tensors(self.part.take(rows)))

    def chunks(self, order: NDArray[np.int32], *, batch_size: int, n_before: int) -> Chunks:
        """The examples of an epoch in its order, in chunks.

        Args:
            order: (P + N,) the indices of the examples; the first P are those before the first batch.
            batch_size: B
            n_before: P
        """
        return Chunks(self, order, chunk_steps(self.part, batch_size), batch_size, n_before)


def chunk_steps(part: Part, batch_size: int) -> int:
    """C, so that the inputs of a chunk have at most 32 MB, if a batch has no more than that."""
    row = int(np.prod(part.inputs.shape[1:], dtype=np.int64)) * part.inputs.dtype.itemsize
    return max(1, min(MAX_STEPS, CHUNK_BYTES // max(1, row * batch_size), -(-len(part) // batch_size)))


class Chunks:
    """The chunks of one epoch."""

    def __init__(
        self, examples: Streamed, order: NDArray[np.int32], n_steps: int, batch_size: int, n_before: int
    ) -> None:
        self.examples = examples
        self.order = order
        self.n_steps = n_steps
        """C"""
        self.n_rows = n_steps * batch_size
        self.n_before = n_before
        self.n_chunks = -(-examples.n // self.n_rows)
        self._pool = ThreadPoolExecutor(examples.n_readers) if examples.n_readers else None
        self._ahead: dict[int, Future[tuple[Tensors, Any]]] = {}

    def get(self, number: int) -> tuple[Tensors, Any]:
        """The examples of a chunk, counted from 0, and their indices (P + C·B,). The last chunk ends with zeros.

        A chunk is kept until a later one is needed, because a call of the training can be shorter than a chunk.
        """
        for old in [each for each in self._ahead if each < number]:
            self._ahead.pop(old).cancel()
        n_ahead = N_AHEAD if self._pool else 0
        for each in range(number, min(number + n_ahead + 1, self.n_chunks)):
            if each not in self._ahead:
                self._ahead[each] = self._start(each)
        return self._ahead[number].result()

    def close(self) -> None:
        """Stop reading ahead."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self, number: int) -> Future[tuple[Tensors, Any]]:
        """Read a chunk in a thread; without threads, now."""
        if self._pool is not None:
            return self._pool.submit(self._read, number)
        done: Future[tuple[Tensors, Any]] = Future()
        done.set_result(self._read(number))
        return done

    def _read(self, number: int) -> tuple[Tensors, Any]:
        first = number * self.n_rows
        rows = self.order[first : first + self.n_before + self.n_rows].astype(np.intp)
        sorted_rows, places = np.unique(rows, return_inverse=True)  # a file is read faster from its start to its end
        part = self.examples.part.take(sorted_rows).take(places)
        n_missing = self.n_before + self.n_rows - len(rows)
        return _tensors(_filled(part, n_missing)), tf.constant(np.pad(rows, (0, n_missing)).astype(np.int32))


def _filled(part: Part, n_missing: int) -> Part:
    """The examples, followed by zeros."""
    if not n_missing:
        return part

    def fill(array: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([array, np.zeros((n_missing, *array.shape[1:]), array.dtype)])

    return Part(fill(part.inputs), fill(part.targets), None if part.weights is None else fill(part.weights))


def _tensors(part: Part) -> Tensors:
    weights = None if part.weights is None else tf.constant(part.weights)
    return tf.constant(part.inputs), tf.constant(part.targets), weights

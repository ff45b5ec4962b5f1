"""A loop over training steps on the device: an epoch is a few calls of one compiled function.

Shapes: N is the number of examples, B the batch size, S the number of steps of an epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dnnctl.data.dataset import Part
from dnnctl.engine.augmentation.augmenter import Augmenter
from dnnctl.engine.batch import Batch, take_batch
from dnnctl.engine.random_numbers import RandomNumbers
from dnnctl.engine.streaming import Chunks, Streamed

NEVER = -1
Step = Callable[[Batch, Any, Any], Any]
"""One training step: the batch, learning rate and momentum → the loss."""


@dataclass(frozen=True)
class OnDevice:
    """Examples on the device, with raw inputs."""

    inputs: Any
    """(N, …)"""
    targets: Any
    """(N,) or (N, K)"""
    n: int
    weights: Any = None
    """(N,) the weight of each example in the loss; None if all examples have the weight 1."""

    def take(self, rows: slice) -> Batch:
        """Some of the examples, to measure them."""
        return Batch(self.inputs[rows], self.targets[rows], None if self.weights is None else self.weights[rows])


Placed: TypeAlias = OnDevice | Streamed
"""Examples to train on or to measure."""


def to_device(part: Part) -> OnDevice:
    """Copy examples to the device, where they remain during training."""
    weights = None if part.weights is None else tf.constant(part.weights)
    return OnDevice(tf.constant(part.inputs), tf.constant(part.targets), len(part), weights)


def without_targets(inputs: Any) -> OnDevice:
    """Examples for training that needs only inputs; `inputs` is an array or is already on the device."""
    inputs = tf.convert_to_tensor(inputs)
    n = int(inputs.shape[0])
    return OnDevice(inputs, tf.zeros((n, 1)), n)


@dataclass(frozen=True)
class EpochPlan:
    """The order, rates and momenta of an epoch."""

    order: NDArray[np.int32]
    """(N,) the indices of the examples, in the order of training."""
    rates: NDArray[np.float32]
    """(S,) the learning rates."""
    momenta: NDArray[np.float32] | None = None
    """(S,) the momenta, if they change."""
    augment_seed: int = 0
    """The seed of this epoch's augmentation, below 2³¹."""


class StepLoop:
    """Runs a training step over ranges of an epoch's batches.

    Args:
        step: the training step; traced once for each batch size.
        train: the training examples.
        batch_size: B; the last step of an epoch takes the remaining examples.
        jit_compile: whether XLA compiles the loop.
        random_numbers: generates the random numbers of noise layers under XLA.
        augmenter: changes the examples of each batch.
    """

    def __init__(
        self,
        step: Step,
        train: Placed,
        *,
        batch_size: int,
        jit_compile: bool,
        random_numbers: RandomNumbers | None = None,
        augmenter: Augmenter | None = None,
    ) -> None:
        self.step = step
        self.train = train
        self.batch_size = batch_size
        self.random_numbers = random_numbers
        self.augmenter = augmenter
        self.n_before = augmenter.n_before if augmenter else 0
        """The number of examples before a batch that its augmentation needs."""
        self.n_full_steps, self.n_left = divmod(train.n, batch_size)
        self._run_full, self._run_left = self._make_runs(jit_compile=jit_compile)
        self._plan: tuple[Any, ...] | None = None
        self._order: Any = None
        self._chunks: Chunks | None = None

    @property
    def n_steps(self) -> int:
        """S, the number of steps of an epoch."""
        return self.n_full_steps + bool(self.n_left)

    def start_epoch(self, plan: EpochPlan) -> None:
        """Copy an epoch's order and rates to the device."""
        momenta = np.zeros(self.n_steps, np.float32) if plan.momenta is None else plan.momenta
        order = np.concatenate([plan.order[len(plan.order) - self.n_before :], plan.order])
        seed = tf.constant(plan.augment_seed, tf.uint32) if self.augmenter else None
        self._plan = (tf.constant(plan.rates), tf.constant(momenta), seed)
        if isinstance(self.train, OnDevice):
            self._order = tf.constant(order)
            return
        self.stop_reading()
        self._chunks = self.train.chunks(order, batch_size=self.batch_size, n_before=self.n_before)

    def stop_reading(self) -> None:
        """Stop reading ahead, and free the examples that were read. The next epoch starts reading again."""
        if self._chunks is not None:
            self._chunks.close()
            self._chunks = None

    def run(self, start: int, stop: int) -> int | None:
        """Run the steps from `start` to `stop` - 1; return the first step with an infinite or NaN loss, else None."""
        full_stop = min(stop, self.n_full_steps)
        first = start
        while first < full_stop:
            last = min(first + self._n_at_once(first), full_stop)
            bad = self._call(self._run_full, first, last, self.batch_size)
            if bad != NEVER:
                return bad
            first = last
        if stop > self.n_full_steps:
            bad = self._call(self._run_left, self.n_full_steps, stop, self.n_left)
            return None if bad == NEVER else bad
        return None

    def batch(self, step: int) -> Batch:
        """The examples of a step of the epoch, as training gets them: augmented."""
        assert self._plan is not None, "start_epoch must be called first"
        n_rows = tf.constant(min(self.batch_size, self.train.n - step * self.batch_size))
        return self._batch(*self._examples(step), self._plan[-1], tf.constant(step), n_rows)

    def _n_at_once(self, step: int) -> int:
        """The largest number of steps that one call can run, starting from a step."""
        at_once = self.random_numbers.steps_at_once(self.batch_size) if self.random_numbers else self.n_steps
        return at_once if self._chunks is None else min(at_once, self._chunks.n_steps - step % self._chunks.n_steps)

    def _call(self, program: Any, start: int, stop: int, size: int) -> int:
        assert self._plan is not None, "start_epoch must be called first"
        numbers = self.random_numbers.draw(stop - start, size) if self.random_numbers else []
        span = tf.constant(start), tf.constant(stop)
        return int(program(*self._examples(start), *self._plan, *span, numbers))

    def _examples(self, step: int) -> tuple[Any, Any, Any]:
        """The examples for a step, the indices of an epoch's examples from a first step on, and this first step."""
        if self._chunks is None:
            assert isinstance(self.train, OnDevice)
            return (self.train.inputs, self.train.targets, self.train.weights), self._order, tf.constant(0)
        number = step // self._chunks.n_steps
        return *self._chunks.get(number), tf.constant(number * self._chunks.n_steps)

    def _batch(self, examples: Any, indices: Any, first_step: Any, seed: Any, i: Any, n_rows: Any) -> Batch:
        """The augmented examples of a step of the epoch."""
        step = i if isinstance(self.train, OnDevice) else i - first_step
        batch, rows = self._take(examples, indices, step, n_rows + self.n_before)
        return self.augmenter.apply(batch, rows, seed) if self.augmenter else batch

    def _take(self, examples: Any, indices: Any, step: Any, n_rows: Any) -> tuple[Batch, Any]:
        """The batch of a step, and the indices of its examples.

        Args:
            examples: all examples, or those of a chunk.
            indices: the indices of an epoch's examples, or of a chunk's, in the order of training.
            step: counted from the first one of `indices`.
        """
        first = step * self.batch_size
        if isinstance(self.train, OnDevice):
            rows = tf.slice(indices, [first], [n_rows])
            return take_batch(examples, rows), rows
        places = first + tf.range(n_rows)  # with a slice, XLA would compile the loop again for each chunk
        return take_batch(examples, places), tf.gather(indices, places)

    def _make_runs(self, *, jit_compile: bool) -> tuple[Any, Any]:
        """The loops over the full batches and over the last, shorter batch.

        XLA needs fixed sizes, so each loop is a separate program. In graph mode, if there is a shorter batch, a single
        trace with an unknown size serves both. `model.fit` does the same, so batch normalization rounds the same way.
        """
        if jit_compile or not self.n_left:
            return (
                self._make_run(self.batch_size, jit_compile=jit_compile),
                self._make_run(self.n_left, jit_compile=jit_compile),
            )
        run = self._make_run(None, jit_compile=False)
        return run, run

    def _make_run(self, size: int | None, *, jit_compile: bool) -> Any:
        """A loop over steps of `size` examples; None means any size.

        Start and stop are tensors, so that other values do not trace the function again.
        """

        def run(
            examples: Any,
            indices: Any,
            first_step: Any,
            rates: Any,
            momenta: Any,
            seed: Any,
            start: Any,
            stop: Any,
            numbers: Any,
        ) -> Any:
            def body(i: Any, bad: Any) -> tuple[Any, Any]:
                n_rows = tf.minimum(self.batch_size, self.train.n - i * self.batch_size) if size is None else size
                batch = self._batch(examples, indices, first_step, seed, i, n_rows)
                if self.random_numbers:
                    # With a slice at `i - start`, XLA would treat `start` as a constant and recompile for each value.
                    self.random_numbers.hand([tf.gather(of_layer, i - start) for of_layer in numbers])
                loss = self.step(batch, rates[i], momenta[i])
                is_first_bad = tf.logical_and(bad == NEVER, tf.logical_not(tf.math.is_finite(loss)))
                return i + 1, tf.where(is_first_bad, i, bad)

            state = (start, tf.constant(NEVER))
            return tf.while_loop(lambda i, _bad: i < stop, body, state, parallel_iterations=1)[1]

        return tf.function(run, autograph=False, jit_compile=jit_compile)

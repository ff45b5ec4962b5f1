"""The sides that are compared: dnnctl's engine, and `model.fit` and tuned `model.fit` on the same model and images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from dnnctl.builder.loss import build_loss
from dnnctl.builder.model import build_model
from dnnctl.builder.optimizer import build_optimizer
from dnnctl.builder.output import choose_head
from dnnctl.data.dataset import Part
from dnnctl.engine.compilation import choose_compilation
from dnnctl.engine.engine import Engine
from dnnctl.engine.step_loop import EpochPlan, to_device
from dnnctl.runner.shuffle import epoch_order
from dnnctl.specs import Spec


def build(spec: Spec, part: Part, **compiling: Any) -> keras.Model:
    """The compiled model of a spec; `compiling` are further arguments of `model.compile`."""
    head = choose_head(spec, task="classes", n_outputs=10)
    model = build_model(spec, head, part.inputs)
    model.compile(build_optimizer(spec.optimizer), build_loss(spec.loss, head.loss), metrics=[accuracy()], **compiling)
    return model


def accuracy() -> keras.metrics.Metric:
    """The metric that every side measures."""
    return keras.metrics.SparseCategoricalAccuracy(name="accuracy")


class EngineSide:
    """Epochs of the engine, compiled as `auto` chooses."""

    name = "dnnctl"

    def __init__(self, spec: Spec, part: Part) -> None:
        self.spec = spec
        self.model = build(spec, part)
        n_steps = -(-len(part) // spec.training.batch_size) * spec.training.epochs
        choice = choose_compilation(spec.runtime, self.model, device="cpu", n_steps=n_steps)
        self.mode = choice.mode
        train = to_device(part)
        self.engine = Engine(self.model, [accuracy()], train, batch_size=spec.training.batch_size, mode=choice.mode)
        self.epoch = 0

    def run_epoch(self) -> None:
        """One epoch, in calls of a few hundred steps."""
        self._start()
        for start in range(0, self.engine.n_steps, 400):
            self.engine.run(start, min(start + 400, self.engine.n_steps))
        self.engine.results()

    def run_first_step(self) -> None:
        """The first step alone."""
        self._start()
        self.engine.run(0, 1)
        self.engine.results()

    def _start(self) -> None:
        self.epoch += 1
        order = epoch_order(self.spec.seed, self.epoch, self.engine.train.n)
        rates = np.full(self.engine.n_steps, self.spec.optimizer.learning_rate, np.float32)
        self.engine.start_epoch(EpochPlan(order, rates))
        self.engine.reset_metrics()


class FitSide:
    """Epochs of `model.fit` on arrays, with Keras's defaults."""

    name = "model.fit"
    compiling: Mapping[str, Any] = {}

    def __init__(self, spec: Spec, part: Part) -> None:
        self.spec = spec
        self.part = part
        self.model = build(spec, part, **self.compiling)

    def run_epoch(self) -> None:
        """One epoch."""
        self._fit([])

    def run_first_step(self) -> None:
        """The first step alone: a callback ends the epoch after it."""
        self._fit([_StopAtOnce()])

    def _fit(self, callbacks: list[keras.callbacks.Callback]) -> None:
        batch_size = self.spec.training.batch_size
        self.model.fit(
            self.part.inputs, self.part.targets, batch_size=batch_size, epochs=1, verbose=0, callbacks=callbacks
        )


class TunedFitSide(FitSide):
    """The fastest way to run `model.fit` on arrays: compiled by XLA, 128 steps in each call."""

    name = "tuned fit"
    compiling: Mapping[str, Any] = {"steps_per_execution": 128, "jit_compile": True}


class _StopAtOnce(keras.callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002 (Keras's signature)
        raise StopIteration


Side = EngineSide | FitSide
SIDES: dict[str, type[Side]] = {"dnnctl": EngineSide, "fit": FitSide}

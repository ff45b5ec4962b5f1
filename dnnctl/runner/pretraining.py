"""Unsupervised pretraining: stages that train a copy of the network on inputs without labels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from dnnctl.builder.autoencoder import build_autoencoder, error_itself, parts_of
from dnnctl.builder.gan import build_gan
from dnnctl.builder.model import Block, Network, build_network
from dnnctl.builder.optimizer import build_optimizer
from dnnctl.builder.transfer import copy_scaling
from dnnctl.engine.engine import Engine
from dnnctl.engine.gan import GanEngine
from dnnctl.engine.step_loop import OnDevice, without_targets
from dnnctl.engine.streaming import Streamed
from dnnctl.events.event import PretrainingEpochEnded, PretrainingStarted, Report
from dnnctl.runner.examples import Examples
from dnnctl.runner.facts_keeper import FactsKeeper
from dnnctl.runner.learning_rates import LearningRates
from dnnctl.runner.loop import Loop
from dnnctl.runner.monitor import Monitor
from dnnctl.runner.schedule import Span
from dnnctl.runner.setup import Setup
from dnnctl.runner.stage import Stage, StageKind
from dnnctl.seeds import derive_seed
from dnnctl.specs.common_kind import NONE, Nothing
from dnnctl.specs.optimizer import OptimizerKind
from dnnctl.specs.phase import Same
from dnnctl.specs.pretraining import Autoencoder, Gan

PRETRAINING = StageKind(
    "pretraining",
    trains_model=False,
    rows_file="pretraining",
    order_purpose="pretraining",
    epoch_event=lambda done: PretrainingEpochEnded(done.row),
)


class Pretraining:
    """Makes the loop of each part. The loops train a copy of the network; `finish` copies the weights back."""

    kind: ClassVar[StageKind] = PRETRAINING

    def __init__(self, setup: Setup, examples: Examples, _keeper: FactsKeeper, report: Report) -> None:
        choice = setup.spec.training.pretraining
        assert not isinstance(choice, Nothing)
        inputs = examples.take_unlabelled()
        assert inputs is not None, "the inputs are loaded if the spec has pretraining"
        self.spec = setup.spec
        self.choice = choice
        self.setup = setup
        self.report = report
        self.inputs = inputs
        validation = examples.validation
        assert not isinstance(validation, Streamed), "pretraining has all inputs in memory"
        self.validation = None if validation is None else without_targets(validation.inputs)
        self.network = _copy(setup, self.inputs)
        self.parts = parts_of(self.network, greedy=getattr(self.choice, "greedy", False))

    @staticmethod
    def count(setup: Setup) -> int:
        """The number of parts; 0 without pretraining."""
        choice = setup.spec.training.pretraining
        if isinstance(choice, Nothing):
            return 0
        return len(parts_of(setup.network, greedy=getattr(choice, "greedy", False)))

    def enter(self, number: int, before: Loop | None = None) -> Loop:
        """The loop of a part, at the start of the part.

        Args:
            before: the loop of the previous part, if this process trained it. If not, training starts here, or the
                caller restores the state of the loop.
        """
        part = self.parts[number - 1]
        optimizer = self.spec.optimizer if isinstance(self.choice.optimizer, Same) else self.choice.optimizer
        name = ", ".join(block.name for block in part if block.has_weights)
        stage = Stage(
            PRETRAINING,
            number,
            self.choice.epochs,
            optimizer.kind,
            marks={"part": name} if len(self.parts) > 1 else {},
        )
        choice = self.choice
        loop = (
            self._gan_loop(stage, part, optimizer, choice)
            if isinstance(choice, Gan)
            else self._autoencoder_loop(stage, part, optimizer, choice)
        )
        loop.offset = before.global_step if before else 0
        n_steps = loop.engine.n_steps
        self.report(
            PretrainingStarted(
                self.choice.kind, name, number, len(self.parts), self.choice.epochs, n_steps, self.inputs.n
            )
        )
        return loop

    def finish(self) -> None:
        """Copy the pretrained weights into the network that the phases train."""
        learned = {layer.name: layer for block in self.network.blocks for layer in block.layers}
        for block in self.setup.network.blocks:
            for layer in block.layers:
                layer.set_weights(learned[layer.name].get_weights())

    def _autoencoder_loop(
        self, stage: Stage, part: Sequence[Block], optimizer: OptimizerKind, choice: Autoencoder
    ) -> Loop:
        autoencoder = build_autoencoder(self.network, part, choice.noise, seed=self.spec.seed)
        autoencoder.compile(optimizer=build_optimizer(optimizer), loss=error_itself, jit_compile=False)
        batch_size, mode = self.spec.training.batch_size, self.setup.compilation.mode
        augmenter = self.setup.augmenter
        engine = Engine(autoencoder, [], self.inputs, batch_size=batch_size, mode=mode, augmenter=augmenter)
        validation = self.validation
        validate = None if validation is None else partial(engine.evaluate, validation)
        return self._loop(stage, engine, optimizer, validate, "loss")

    def _gan_loop(self, stage: Stage, part: Sequence[Block], optimizer: OptimizerKind, choice: Gan) -> Loop:
        for block in part:
            for layer in block.layers:
                layer.trainable = True
        seed = self.spec.seed
        networks = build_gan(self.network, choice.codings, scaling=self.spec.data.scaling, seed=seed)
        networks.discriminator.compile(optimizer=build_optimizer(optimizer))
        engine = GanEngine(
            networks,
            build_optimizer(optimizer),
            self.inputs,
            batch_size=self.spec.training.batch_size,
            seed=derive_seed(seed, "codings"),
        )
        return self._loop(stage, engine, optimizer, None, "discriminator_loss")

    def _loop(self, stage: Stage, engine: Any, optimizer: OptimizerKind, validate: Any, monitored: str) -> Loop:
        every = self.spec.training.checkpoint.every.steps
        return Loop(
            stage=stage,
            seed=derive_seed(self.spec.seed, f"pretraining {stage.number}"),
            engine=engine,
            rates=LearningRates(NONE, optimizer.learning_rate, Span(engine.n_steps, self.choice.epochs)),
            validate=validate,
            best=Monitor(monitored),
            checkpoint_steps=None if every == "none" else every,
        )


def _copy(setup: Setup, inputs: OnDevice) -> Network:
    """A fresh network like that of the setup, with the same scaling of inputs."""
    example = np.zeros((1, *inputs.inputs.shape[1:]), inputs.inputs.dtype.as_numpy_dtype)
    scaling = copy_scaling(setup.model)
    return build_network(setup.spec, setup.head, example, scaling=scaling, encoding=setup.encoding)

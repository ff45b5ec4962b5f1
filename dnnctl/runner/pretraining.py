"""The unsupervised pretraining of a network: its parts, entered one after the other, and what they leave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dnnctl.builder.autoencoder import build_autoencoder, error_itself, parts_of
from dnnctl.builder.gan import build_gan
from dnnctl.builder.model import Block, Network, build_network
from dnnctl.builder.optimizer import build_optimizer
from dnnctl.builder.transfer import copy_scaling
from dnnctl.data.dataset import Part
from dnnctl.engine.engine import Engine, OnDevice, to_device
from dnnctl.engine.gan import GanEngine
from dnnctl.events.event import PretrainingStarted, Report
from dnnctl.runner.learning_rates import LearningRates
from dnnctl.runner.loop import Loop, Stage
from dnnctl.runner.monitor import Monitor
from dnnctl.runner.schedule import Span
from dnnctl.runner.setup import Setup
from dnnctl.seeds import derive_seed
from dnnctl.specs.common_kind import NONE, Nothing
from dnnctl.specs.optimizer import OptimizerKind
from dnnctl.specs.phase import Same
from dnnctl.specs.pretraining import Gan


class Pretraining:
    """Makes the loop of each part. It trains a network of its own, whose weights the setting's is given in the end.

    Args:
        unlabelled: (N, …) the inputs that it learns from.
    """

    def __init__(self, setting: Setup, unlabelled: np.ndarray, report: Report) -> None:
        validation = setting.dataset.validation
        choice = setting.spec.training.pretraining
        assert not isinstance(choice, Nothing)
        self.spec = setting.spec
        self.choice = choice
        self.setting = setting
        self.report = report
        self.network = _copy(setting, unlabelled[:1])
        self.parts = parts_of(self.network, greedy=getattr(self.choice, "greedy", False))
        self.inputs = _without_labels(unlabelled)
        self.validation = _without_labels(validation.inputs) if validation else None

    def enter(self, number: int, before: Loop | None = None) -> Loop:
        """The loop of a part, at its beginning.

        Args:
            before: that of the part before, if this process has trained it; without it the loop's state is still to be
                given to it, or training begins.
        """
        part = self.parts[number - 1]
        optimizer = self.spec.optimizer if isinstance(self.choice.optimizer, Same) else self.choice.optimizer
        engine = self._engine(part, optimizer)
        name = _name(part)
        self.report(
            PretrainingStarted(
                self.choice.kind, name, number, len(self.parts), self.choice.epochs, engine.n_steps, self.inputs.n
            )
        )
        every = self.spec.training.checkpoint.every.steps
        is_measured = self.validation is not None and not isinstance(engine, GanEngine)
        return Loop(
            stage=Stage(
                number,
                self.choice.epochs,
                optimizer.kind,
                is_pretraining=True,
                marks={"part": name} if len(self.parts) > 1 else {},
            ),
            seed=derive_seed(self.spec.seed, f"pretraining {number}"),
            engine=engine,
            rates=LearningRates(NONE, optimizer.learning_rate, Span(engine.n_steps, self.choice.epochs)),
            validation=self.validation if is_measured else None,
            best=Monitor(engine.mean_loss.name),
            checkpoint_steps=None if every == "none" else every,
            offset=before.global_step if before else 0,
        )

    def hand_over(self) -> None:
        """Give the network that is to be trained what has been learned."""
        learned = {layer.name: layer for block in self.network.blocks for layer in block.layers}
        for block in self.setting.network.blocks:
            for layer in block.layers:
                layer.set_weights(learned[layer.name].get_weights())

    def _engine(self, part: Sequence[Block], optimizer: OptimizerKind) -> Engine:
        batch_size, seed = self.spec.training.batch_size, self.spec.seed
        if isinstance(self.choice, Gan):
            for block in part:
                for layer in block.layers:
                    layer.trainable = True
            networks = build_gan(self.network, self.choice.codings, scaling=self.spec.data.scaling, seed=seed)
            networks.discriminator.compile(optimizer=build_optimizer(optimizer))
            return GanEngine(
                networks,
                build_optimizer(optimizer),
                self.inputs,
                batch_size=batch_size,
                seed=derive_seed(seed, "codings"),
            )
        autoencoder = build_autoencoder(self.network, part, self.choice.noise, seed=seed)
        autoencoder.compile(optimizer=build_optimizer(optimizer), loss=error_itself, jit_compile=False)
        return Engine(autoencoder, [], self.inputs, batch_size=batch_size, mode=self.setting.compilation.mode)


def _copy(setting: Setup, example: np.ndarray) -> Network:
    """A fresh network like the setting's, which scales its inputs as that does."""
    return build_network(setting.spec, setting.head, example, scaling=copy_scaling(setting.model))


def _without_labels(inputs: np.ndarray) -> OnDevice:
    return to_device(Part(inputs, np.zeros((len(inputs), 1), np.float32)))


def _name(part: Sequence[Block]) -> str:
    return ", ".join(block.name for block in part if block.has_weights)

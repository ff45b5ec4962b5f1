"""What an experiment is made of, ready for the first step: device, data, model and the way steps are compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from dnnctl.builder.metric import build_metrics
from dnnctl.builder.model import Network, build_network, count_parameters
from dnnctl.builder.output import Head, choose_head
from dnnctl.builder.transfer import build_from, load_pretrained
from dnnctl.data.dataset import Dataset, Part
from dnnctl.data.load import load_data
from dnnctl.engine.compilation import Compilation, choose_compilation
from dnnctl.engine.device import Device, prepare_device
from dnnctl.engine.engine import Engine, OnDevice, to_device
from dnnctl.errors import Fault, SpecError
from dnnctl.events.event import DataReady, Downloading, ModelReady, Report
from dnnctl.runner.freezing import check_freezing, compile_for, trained_in
from dnnctl.runner.schedule import Span, warmup_steps
from dnnctl.runner.targets import encode_targets
from dnnctl.specs.experiment import Spec
from dnnctl.specs.path import dotted
from dnnctl.specs.planned_phase import PlannedPhase, planned_phases
from dnnctl.specs.pretraining import Autoencoder


@dataclass(frozen=True)
class Setup:
    """Everything that training needs, built from the spec and the data."""

    spec: Spec
    device: Device
    dataset: Dataset
    head: Head
    network: Network
    compilation: Compilation
    span: Span
    phases: Sequence[PlannedPhase]
    reused: Sequence[str] = ()
    """The blocks whose weights were taken over from another network."""

    @property
    def model(self) -> keras.Model:
        """The model that is trained."""
        return self.network.model

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """Fresh metrics."""
        return build_metrics(self.spec, self.head)

    def engine(self, train: OnDevice) -> Engine:
        """An engine for the model as it is compiled now."""
        return Engine(
            self.model,
            self.metrics,
            train,
            batch_size=self.spec.training.batch_size,
            mode=self.compilation.mode,
        )


def prepare(spec: Spec, report: Report, *, compilation: Compilation | None = None, source: Path | None = None) -> Setup:
    """Get the device, the data and the model ready for the first phase: all that can go wrong before the first step.

    Args:
        compilation: how an earlier process compiled the steps; chosen anew if there was none.
        source: the network that the spec reuses.
    """
    device = prepare_device(spec.runtime)
    has_pretraining = spec.training.pretraining.kind != "none"
    dataset = load_data(
        spec.data,
        seed=spec.seed,
        with_unlabelled=has_pretraining,
        progress=lambda *state: report(Downloading(*state)),
    )
    report(_describe_data(dataset))
    head = choose_head(spec, task=dataset.task, n_outputs=dataset.n_outputs)
    _check_targets(dataset, head)
    network, reused = _build(spec, head, dataset, source)
    phases = planned_phases(spec)
    check_freezing(network, phases, reused)
    compile_for(network, spec, head, phases[0], phases, reused)
    span = Span(-(-len(dataset.train) // spec.training.batch_size), spec.training.epochs)
    n_steps = span.steps + _pretraining_steps(spec, dataset)
    compilation = compilation or choose_compilation(spec.runtime, network.model, device=device.kind, n_steps=n_steps)
    setting = Setup(spec, device, dataset, head, network, compilation, span, phases, reused)
    _check_monitors(setting)
    _check_warmup(setting)
    report(_describe_model(setting))
    return setting


def _pretraining_steps(spec: Spec, dataset: Dataset) -> int:
    """The steps of an autoencoder, by each part; a GAN's are never compiled by XLA."""
    choice = spec.training.pretraining
    if not isinstance(choice, Autoencoder) or dataset.unlabelled is None:
        return 0
    return choice.epochs * -(-len(dataset.unlabelled) // spec.training.batch_size)


def _build(spec: Spec, head: Head, dataset: Dataset, source: Path | None) -> tuple[Network, list[str]]:
    """The network, and the names of its blocks that start with another's weights."""
    reuse = spec.model.reuse
    if dataset.unlabelled is not None:
        network = build_network(spec, head, dataset.unlabelled)
        if not network.weighted_blocks:
            rule = "no layer before the output has weights that could be pretrained"
            raise SpecError([Fault(rule, "training.pretraining", hint="Add a dense or convolutional layer.")])
        return network, [block.name for block in network.weighted_blocks]
    if reuse == "none":
        return build_network(spec, head, dataset.train.inputs), []
    assert source is not None, "whoever prepares a spec that reuses a network has found it"
    network, transfer = build_from(spec, head, dataset.train.inputs, load_pretrained(source))
    return network, transfer.blocks


def make_engine(setting: Setup) -> Engine:
    """The engine of the first phase, with the training examples on the device."""
    train = place(setting, setting.dataset.train)
    assert train is not None
    return setting.engine(train)


def place(setting: Setup, part: Part | None) -> OnDevice | None:
    """A part of the data on the device, with its targets as the loss takes them."""
    if part is None:
        return None
    return to_device(encode_targets(part, setting.head.targets, setting.dataset.n_outputs))


def _describe_data(dataset: Dataset) -> DataReady:
    validation, test = dataset.validation, dataset.test
    return DataReady(
        n_train=len(dataset.train),
        n_validation=len(validation) if validation else 0,
        n_test=len(test) if test else 0,
        input_shape=tuple(dataset.train.inputs.shape[1:]),
        task=dataset.task,
        n_outputs=dataset.n_outputs,
    )


def _describe_model(setting: Setup) -> ModelReady:
    model = setting.model
    total, _ = count_parameters(model)
    trained = trained_in(setting.network, setting.phases, setting.reused)
    return ModelReady(
        parameters=total,
        trainable_parameters=sum(int(np.prod(variable.shape)) for variable in trained),
        loss=setting.head.loss,
        device=setting.device.name,
        compile=setting.compilation.mode,
        compile_reason=setting.compilation.reason,
        precision=setting.spec.runtime.precision,
        epochs=setting.span.epochs,
        steps_per_epoch=setting.span.steps_per_epoch,
        layers=layer_table(model),
    )


def layer_table(model: keras.Model) -> list[tuple[str, str, int]]:
    """For each layer its name, its output's shape, and its number of parameters."""
    return [
        (layer.name, " × ".join(str(size) for size in layer.output.shape[1:]), layer.count_params())
        for layer in model.layers
    ]


def _check_targets(dataset: Dataset, head: Head) -> None:
    """Poisson and logarithmic errors are not defined for negative numbers."""
    if (
        head.loss in ("poisson", "msle")
        and head.targets == "numbers"
        and np.min(dataset.train.targets.astype(np.float64)) < 0
    ):
        raise SpecError([Fault(f"{head.loss} is for numbers from 0 up, some targets are negative", "loss")])


def _check_monitors(setting: Setup) -> None:
    """What `auto` metrics left open: whether what is watched will be measured."""
    names = ["loss", *(metric.name for metric in setting.metrics)]
    if setting.dataset.validation is not None:
        names += [f"val_{name}" for name in names]
    stopping = setting.spec.training.early_stopping
    watched = {} if stopping == "none" else {"training.early_stopping.monitor": stopping.monitor}
    for phase in setting.phases:
        if phase.schedule.kind == "performance":
            watched[dotted((*phase.schedule_path, "monitor"))] = phase.schedule.monitor
    for path, name in watched.items():
        if name not in names:
            raise SpecError([Fault(f"'{name}' is not measured", path, hint=f"Allowed: {', '.join(names)}.")])


def _check_warmup(setting: Setup) -> None:
    """A warm-up must leave steps for the schedule it leads to."""
    for phase in setting.phases:
        n_warmup, n_steps = warmup_steps(phase.schedule), setting.span.steps_per_epoch * phase.span
        if n_warmup >= n_steps:
            rule = f"the warm-up takes all of the {n_steps} steps there are"
            path = dotted((*phase.schedule_path, "warmup", "steps"))
            raise SpecError([Fault(rule, path, received=str(n_warmup), hint="Make it shorter.")])

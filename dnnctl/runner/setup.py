"""Everything that training needs before its first step: device, data, model and how steps are compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import keras
import numpy as np

from dnnctl.builder.front import build_front
from dnnctl.builder.metric import build_metrics
from dnnctl.builder.model import Network, build_network, count_parameters
from dnnctl.builder.optimizer import n_slots
from dnnctl.builder.output import Head, choose_head
from dnnctl.builder.size import network_size
from dnnctl.builder.target_scaling import fit_target_scaling
from dnnctl.builder.transfer import Transfer, build_from, load_pretrained
from dnnctl.data.dataset import Dataset
from dnnctl.data.describe import describe, describe_target, input_range
from dnnctl.data.load import load_data
from dnnctl.engine.augmentation.augmenter import Augmenter, build_augmenter
from dnnctl.engine.compilation import Compilation, choose_compilation
from dnnctl.engine.compilation_cache import cache_warnings
from dnnctl.engine.device import Device, prepare_device, replica_devices
from dnnctl.engine.engine import Engine
from dnnctl.engine.memory import data_memory, require_memory
from dnnctl.engine.replicas import ALONE, Replicas
from dnnctl.engine.step_loop import Placed
from dnnctl.errors import Fault, SpecError
from dnnctl.events.event import DataReady, ModelReady, Report, Warned, report_progress
from dnnctl.runner.freezing import check_freezing, compile_for, trained_in
from dnnctl.runner.peers import Peers, join
from dnnctl.runner.schedule import Span, check_warmups, unreached_boundaries
from dnnctl.runner.team import Team
from dnnctl.specs.experiment import Spec
from dnnctl.specs.path import dotted
from dnnctl.specs.planned_phase import PlannedPhase, planned_phases
from dnnctl.specs.pretraining import Autoencoder
from dnnctl.specs.source import BuiltIn
from dnnctl.store.encoding import TableEncoding
from dnnctl.store.facts import DataFacts, LayerFacts, Metrics, TargetFacts
from dnnctl.text import format_shape

WIDTH = 4
"""The bytes of a float32."""


@dataclass(frozen=True)
class Setup:
    """Everything that training needs, except the examples."""

    spec: Spec
    device: Device
    data: DataFacts
    target: TargetFacts
    """What is predicted."""
    n_outputs: int
    head: Head
    network: Network
    compilation: Compilation
    span: Span
    phases: Sequence[PlannedPhase]
    reused: Sequence[str] = ()
    """The blocks whose weights were copied from another network or are pretrained."""
    augmenter: Augmenter | None = None
    """What changes the training examples in every step."""
    transfer: Transfer | None = None
    """What was copied from a pretrained network."""
    input_range: tuple[float, ...] = ()
    """The smallest and the largest value of the training inputs, if these are arrays of floats."""
    baseline: Mapping[str, Metrics] = field(default_factory=dict)
    """By split: the metrics of the trivial prediction."""
    replicas: Replicas = ALONE
    """Those that share the examples of every batch."""
    encoding: TableEncoding | None = None
    """How the columns of a table were encoded; None if the inputs are not the rows of a table."""

    @cached_property
    def front(self) -> keras.Model | None:
        """The layers from the raw columns of a table to encoded rows."""
        return None if self.encoding is None else build_front(self.encoding)

    @property
    def peers(self) -> Peers:
        """The processes that train the same model."""
        return Peers(self.replicas.collective)

    @property
    def model(self) -> keras.Model:
        """The model that is trained."""
        return self.network.model

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """Fresh metrics."""
        return build_metrics(self.spec, self.head)

    def engine(self, train: Placed) -> Engine:
        """An engine for the model as it is currently compiled."""
        return Engine(
            self.model,
            self.metrics,
            train,
            batch_size=self.spec.training.batch_size,
            mode=self.compilation.mode,
            augmenter=self.augmenter,
            replicas=self.replicas,
        )


def prepare(
    spec: Spec,
    report: Report,
    *,
    compilation: Compilation | None = None,
    pretrained: Path | None = None,
    team: Team | None = None,
) -> tuple[Setup, Dataset]:
    """Prepare the device, the data and the model for the first phase: everything that can fail before the first step.

    Args:
        compilation: how an earlier process compiled the steps; None to choose it here.
        pretrained: the file of the network that the spec reuses.
        team: the processes that train together; None if this one trains alone.
    """
    device = prepare_device(spec.runtime)
    replicas = make_replicas(spec, team)
    has_pretraining = spec.training.pretraining.kind != "none"
    dataset, baseline = _load(spec, report)
    head = _head(spec, dataset)
    _check_targets(dataset, head)
    phases = planned_phases(spec)
    if device.kind == "cpu":
        require_memory(memory_needs(spec, head, dataset, phases))
    network, transfer = _build(spec, head, dataset, pretrained)
    pretrains = [block.name for block in network.weighted_blocks] if has_pretraining else []
    reused = transfer.blocks if transfer else pretrains
    check_freezing(network, phases, reused)
    compile_for(network, spec, head, phases[0], phases, reused)
    span = Span(-(-len(dataset.train) // spec.training.batch_size), spec.training.epochs)
    n_steps = span.steps + _pretraining_steps(spec, dataset)
    setup = Setup(
        spec=spec,
        device=replace(device, n_replicas=replicas.n),
        data=DataFacts(dataset.digest, dataset.split_digest),
        target=describe_target(dataset),
        n_outputs=dataset.n_outputs,
        head=head,
        network=network,
        compilation=compilation or _choose_compilation(spec, network, device, replicas, n_steps),
        span=span,
        phases=phases,
        reused=reused,
        augmenter=build_augmenter(spec.data.augment, dataset.train.inputs, dataset.encoding),
        transfer=transfer,
        input_range=input_range(dataset),
        baseline=baseline,
        replicas=replicas,
        encoding=dataset.encoding,
    )
    setup.peers.check_same("data", f"{setup.data}")
    _check_monitors(setup, has_validation=dataset.validation is not None)
    check_warmups(phases, span.steps_per_epoch)
    report(_describe_model(setup))
    for warning in (*cache_warnings(), *unreached_boundaries(phases, span.steps_per_epoch)):
        report(Warned(warning))
    return setup, dataset


def make_replicas(spec: Spec, team: Team | None) -> Replicas:
    """The replicas that the spec asks for.

    Raises:
        DistributionError: the processes do not find each other, or do not train the same.
        SpecError: a batch has fewer examples than there are replicas.
    """
    if spec.runtime.distribution.kind == "mirrored":
        devices = replica_devices()
        replicas = Replicas(len(devices), tuple(range(len(devices))), devices)
    else:
        collective = join(spec, team).collective
        replicas = (
            Replicas() if collective is None else Replicas(collective.n, (collective.number,), collective=collective)
        )
    if spec.training.batch_size < replicas.n:
        rule = f"a batch needs at least one example for each of the {replicas.n} replicas"
        raise SpecError([Fault(rule, "training.batch_size", received=str(spec.training.batch_size))])
    return replicas


def _choose_compilation(spec: Spec, network: Network, device: Device, replicas: Replicas, n_steps: int) -> Compilation:
    if replicas.n > 1:
        return Compilation("graph", f"{replicas.n} replicas exchange values in every step")
    return choose_compilation(spec.runtime, network.model, device=device.kind, n_steps=n_steps)


def _load(spec: Spec, report: Report) -> tuple[Dataset, Mapping[str, Metrics]]:
    """The data, and by split the metrics of the trivial prediction."""
    dataset = load_data(
        spec.data,
        seed=spec.seed,
        with_unlabelled=spec.training.pretraining.kind != "none",
        memory=data_memory(spec.runtime),
        progress=partial(report_progress, report),
    )
    description = describe(dataset, is_built_in=isinstance(spec.data.source, BuiltIn))
    report(DataReady(description))
    for warning in dataset.warnings:
        report(Warned(warning))
    return dataset, description.baseline


def memory_needs(spec: Spec, head: Head, dataset: Dataset, phases: Sequence[PlannedPhase]) -> dict[str, int]:
    """The bytes that training certainly needs, by what they are for."""
    size = network_size(spec, head, dataset.train.inputs.shape[1:], dataset.encoding)
    n_examples = min(spec.training.batch_size, len(dataset.train))
    width = WIDTH if spec.runtime.precision == "float32" else WIDTH // 2
    parts = [part for part in (dataset.train, dataset.validation) if part is not None]
    return {
        "the weights": WIDTH * size.kernels,
        "the gradients": WIDTH * size.kernels,
        "the optimizer": WIDTH * size.kernels * max(n_slots(phase.optimizer) for phase in phases),
        f"the outputs of a batch of {n_examples:,}": width * size.outputs * n_examples,
        "the data": sum(part.inputs.nbytes + part.targets.nbytes for part in parts),
    }


def layer_table(model: keras.Model) -> list[LayerFacts]:
    """Each layer's name, the shape of its output, and its number of parameters."""
    return [LayerFacts(each.name, format_shape(each.output.shape[1:]), each.count_params()) for each in model.layers]


def _pretraining_steps(spec: Spec, dataset: Dataset) -> int:
    """The number of steps that each part of an autoencoder trains; 0 for a GAN, whose steps XLA never compiles."""
    choice = spec.training.pretraining
    if not isinstance(choice, Autoencoder) or dataset.unlabelled is None:
        return 0
    return choice.epochs * -(-len(dataset.unlabelled) // spec.training.batch_size)


def _build(spec: Spec, head: Head, dataset: Dataset, pretrained: Path | None) -> tuple[Network, Transfer | None]:
    """The network, and what was copied into it from a pretrained network."""
    reuse = spec.model.reuse
    if dataset.unlabelled is not None:
        network = build_network(spec, head, dataset.unlabelled, encoding=dataset.encoding)
        if not network.weighted_blocks:
            rule = "no layer before the output has weights to pretrain"
            raise SpecError([Fault(rule, "training.pretraining", hint="Add a dense or convolutional layer.")])
        return network, None
    if reuse == "none":
        return build_network(spec, head, dataset.train.inputs, encoding=dataset.encoding), None
    assert pretrained is not None, "the caller finds the network that the spec reuses"
    source = load_pretrained(pretrained)
    return build_from(spec, head, dataset.train.inputs, source, encoding=dataset.encoding)


def _head(spec: Spec, dataset: Dataset) -> Head:
    """The output, with the scaling of the targets."""
    head = choose_head(spec, task=dataset.task, n_outputs=dataset.n_outputs)
    scaling = fit_target_scaling(spec, head.loss, dataset.train.targets, is_numbers=dataset.task == "numbers")
    return replace(head, target_scaling=scaling)


def _describe_model(setup: Setup) -> ModelReady:
    total, _ = count_parameters(setup.model)
    trained = trained_in(setup.network, setup.phases, setup.reused)
    return ModelReady(
        parameters=total,
        trainable_parameters=sum(int(np.prod(variable.shape)) for variable in trained),
        loss=setup.head.loss,
        device=setup.device.name,
        compile=setup.compilation.mode,
        compile_reason=setup.compilation.reason,
        precision=setup.spec.runtime.precision,
        replicas=setup.replicas.n,
        epochs=setup.span.epochs,
        steps_per_epoch=setup.span.steps_per_epoch,
        layers=layer_table(setup.model),
        target_scaling=setup.head.scaling_kind,
    )


def _check_targets(dataset: Dataset, head: Head) -> None:
    """Check that targets are not negative if the loss is not defined for negative numbers."""
    if (
        head.loss in ("poisson", "msle")
        and head.targets == "numbers"
        and np.min(dataset.train.targets.astype(np.float64)) < 0
    ):
        raise SpecError([Fault(f"{head.loss} needs targets that are 0 or greater, but some are negative", "loss")])


def _check_monitors(setup: Setup, *, has_validation: bool) -> None:
    """Check that every monitored metric is measured. `metrics: auto` depends on the data, so this is checked late."""
    names = ["loss", *(metric.name for metric in setup.metrics)]
    if has_validation:
        names += [f"val_{name}" for name in names]
    stopping = setup.spec.training.early_stopping
    monitored = {} if stopping == "none" else {"training.early_stopping.monitor": stopping.monitor}
    for phase in setup.phases:
        if phase.schedule.kind == "performance":
            monitored[dotted((*phase.schedule_path, "monitor"))] = phase.schedule.monitor
    for path, name in monitored.items():
        if name not in names:
            raise SpecError([Fault(f"'{name}' is not measured", path, hint=f"Allowed: {', '.join(names)}.")])

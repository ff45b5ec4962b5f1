"""Which weights a phase trains, and the optimizer that trains them."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from dnnctl.builder.loss import build_training_loss
from dnnctl.builder.model import Network
from dnnctl.builder.optimizer import build_optimizer
from dnnctl.builder.output import OUTPUT, Head
from dnnctl.errors import Fault, SpecError
from dnnctl.specs.experiment import Spec
from dnnctl.specs.planned_phase import PlannedPhase
from dnnctl.specs.schedule import OneCycle


def frozen_names(phase: PlannedPhase, reused: Sequence[str]) -> set[str]:
    """The blocks and embeddings that are frozen in a phase.

    Args:
        reused: the blocks whose weights were copied from another network, or pretrained.
    """
    if phase.freeze == "none":
        return set()
    return set(reused if phase.freeze == "reused" else phase.freeze)


def check_freezing(network: Network, phases: Sequence[PlannedPhase], reused: Sequence[str]) -> None:
    """Check that the layers that phases freeze exist, and that every phase has something to train.

    Raises:
        SpecError: a layer does not exist, or a phase freezes everything.
    """
    embeddings = [layer.name for layer in network.embeddings]
    known = [*embeddings, *(block.name for block in network.weighted_blocks), OUTPUT]
    for phase in phases:
        path = f"training.phases.{phase.number - 1}.freeze"
        frozen = frozen_names(phase, reused)
        unknown = sorted(frozen - set(known))
        if unknown:
            rule = f"there is no layer with weights called '{unknown[0]}'"
            raise SpecError([Fault(rule, path, hint=f"Allowed: {', '.join(known)}.")])
        if set(known) <= frozen:
            raise SpecError([Fault("nothing is left to train", path, hint="Freeze fewer layers.")])


def freeze(network: Network, frozen: set[str]) -> None:
    """Freeze these blocks and embeddings, and unfreeze all others."""
    for layer in network.embeddings:
        layer.trainable = layer.name not in frozen
    for block in network.blocks:
        for layer in block.layers:
            layer.trainable = block.name not in frozen
    network.model.get_layer(OUTPUT).trainable = OUTPUT not in frozen


def compile_for(
    network: Network, spec: Spec, head: Head, phase: PlannedPhase, phases: Sequence[PlannedPhase], reused: Sequence[str]
) -> None:
    """Compile the model with a fresh optimizer for a phase.

    The optimizer is built for every variable that it will train in this phase or in a later phase that shares it.
    """
    sharing = [each for each in phases if each.optimizer_of == phase.optimizer_of]
    cycling = next((each.schedule for each in sharing if _cycles(each.schedule)), None)
    network.model.compile(
        optimizer=build_optimizer(phase.optimizer, cycling),
        loss=build_training_loss(spec.loss, head),
        jit_compile=False,
    )
    network.model.optimizer.build(trained_in(network, sharing, reused))
    freeze(network, frozen_names(phase, reused))


def trained_in(network: Network, phases: Sequence[PlannedPhase], reused: Sequence[str]) -> list[keras.Variable]:
    """The variables that at least one of the phases trains, in the order of the model."""
    trained = [frozen_names(phase, reused) for phase in phases]
    return [variable for variable, block in network.trainable if any(block not in frozen for frozen in trained)]


def _cycles(schedule: object) -> bool:
    return isinstance(schedule, OneCycle) and schedule.momentum != "none"

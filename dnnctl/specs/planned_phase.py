"""Phases with everything filled in that a phase takes from the previous one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dnnctl.specs.experiment import Spec
from dnnctl.specs.path import Path
from dnnctl.specs.phase import Phase, Same


@dataclass(frozen=True)
class PlannedPhase:
    """One phase. A spec without phases has a single one."""

    number: int
    """Counted from 1."""
    epochs: int
    freeze: str | Sequence[str]
    """`reused`, `none`, or the names of layers."""
    optimizer: Any
    schedule: Any
    optimizer_path: Path
    """The path of the optimizer in the spec."""
    schedule_path: Path
    optimizer_of: int
    """The number of the phase in which its optimizer starts."""
    schedule_of: int
    """The number of the phase in which its schedule starts."""
    span: int = 0
    """The number of epochs of all phases that share its schedule."""

    @property
    def starts_optimizer(self) -> bool:
        """Whether its optimizer starts in this phase."""
        return self.optimizer_of == self.number

    @property
    def starts_schedule(self) -> bool:
        """Whether its schedule starts in this phase."""
        return self.schedule_of == self.number


def planned_phases(spec: Spec) -> list[PlannedPhase]:
    """The phases of a spec, in order."""
    written = spec.training.phases
    phases = [Phase.model_construct(epochs=spec.training.epochs)] if written == "none" else written
    planned: list[PlannedPhase] = []
    for number, phase in enumerate(phases, 1):
        planned.append(_plan(spec, number, phase, planned[-1] if planned else None))
    spans: Counter[int] = Counter()
    for each in planned:
        spans[each.schedule_of] += each.epochs
    return [replace(each, span=spans[each.schedule_of]) for each in planned]


def _plan(spec: Spec, number: int, phase: Phase, before: PlannedPhase | None) -> PlannedPhase:
    here: Path = ("training", "phases", number - 1)
    has_optimizer = not isinstance(phase.optimizer, Same)
    has_schedule = not isinstance(phase.schedule, Same)
    plan = before or PlannedPhase(
        number, 0, "none", spec.optimizer, spec.schedule, ("optimizer",), ("schedule",), optimizer_of=1, schedule_of=1
    )
    return replace(
        plan,
        number=number,
        epochs=phase.epochs,
        freeze=_freeze(spec, number) if phase.freeze == "auto" else phase.freeze,
        optimizer=phase.optimizer if has_optimizer else plan.optimizer,
        schedule=phase.schedule if has_schedule else plan.schedule,
        optimizer_path=(*here, "optimizer") if has_optimizer else plan.optimizer_path,
        schedule_path=(*here, "schedule") if has_schedule else plan.schedule_path,
        optimizer_of=number if has_optimizer else plan.optimizer_of,
        schedule_of=number if has_optimizer or has_schedule else plan.schedule_of,
    )


def _freeze(spec: Spec, number: int) -> str:
    reuse = spec.model.reuse
    return "reused" if number == 1 and reuse != "none" and reuse.freeze else "none"

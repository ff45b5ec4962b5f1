"""The commands to type after a run has been interrupted, or has diverged."""

from __future__ import annotations

from shlex import quote
from typing import Any

from dnnctl.store.checkpoint import list_checkpoints
from dnnctl.store.columns import spec_value
from dnnctl.store.record import RunRecord


def resume_command(run: RunRecord) -> str:
    """The command that continues a run. Several workers are started together."""
    path = quote(str(run.path))
    if spec_value(run.spec, "runtime.distribution.kind") != "multi_worker":
        return f"dnnctl resume {path}"
    device = run.facts.device
    return f"dnnctl launch --workers {device.replicas if device else 2} --resume {path}"


def recovery_command(run: RunRecord) -> str:
    """The command that trains a diverged run again with clipped gradients, from an earlier state if there is one."""
    in_pretraining = not run.rows and isinstance(_training(run).get("pretraining"), dict)
    has_state = not in_pretraining and bool(list_checkpoints(run.folder.checkpoints))
    command = f"fork {quote(str(run.path))}" if has_state else f"train {quote(str(run.folder.spec))}"
    return f"dnnctl {command} --set {_optimizer_path(run, in_pretraining=in_pretraining)}.clip=norm"


def _training(run: RunRecord) -> dict[str, Any]:
    training = run.spec.get("training")
    return training if isinstance(training, dict) else {}


def _optimizer_path(run: RunRecord, *, in_pretraining: bool) -> str:
    """The path of the optimizer that diverged: pretraining and phases may have separate optimizers."""
    training = _training(run)
    if in_pretraining:
        return "training.pretraining.optimizer" if _has_own(training["pretraining"]) else "optimizer"
    phases = training.get("phases")
    if not isinstance(phases, list):
        return "optimizer"
    number = _phase_after(phases, run.epochs)
    own = [place for place, phase in enumerate(phases[:number]) if _has_own(phase)]
    return f"training.phases.{own[-1]}.optimizer" if own else "optimizer"


def _phase_after(phases: list[Any], epochs: int) -> int:
    """The number of the phase that trains after the given number of epochs."""
    total = 0
    for number, phase in enumerate(phases, 1):
        epochs_of_phase = phase.get("epochs") if isinstance(phase, dict) else 0
        total += epochs_of_phase if isinstance(epochs_of_phase, int) else 0
        if epochs < total:
            return number
    return len(phases)


def _has_own(section: Any) -> bool:
    """Whether a phase or the pretraining defines its own optimizer."""
    return isinstance(section, dict) and section.get("optimizer") not in (None, "same")

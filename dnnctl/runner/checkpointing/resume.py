"""Going on with an interrupted run: what has changed since, and the state it goes on from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dnnctl.engine.compilation import Compilation
from dnnctl.errors import RunError
from dnnctl.events.event import Report, Restored
from dnnctl.runner.checkpointing.branch import start_from_origin
from dnnctl.runner.checkpointing.checkpointer import Checkpointer
from dnnctl.runner.loop import Loop
from dnnctl.runner.stages import FIRST_PHASE, Stages
from dnnctl.store.creation import installed_version, processor_name
from dnnctl.store.history import record_event
from dnnctl.store.record import RunRecord

if TYPE_CHECKING:
    from dnnctl.runner.setup import Setup

EXACT_PACKAGES = ("dnnctl", "tensorflow", "keras", "numpy")
"""Whose versions the bits rest on."""


@dataclass(frozen=True)
class Resume:
    """How a run is to be resumed."""

    accept_changed_data: bool = False

    def compare(self, run: RunRecord, setting: Setup) -> list[str]:
        """What differs from the process before, of all that the bits rest on.

        Raises:
            RunError: the data are not the same, and that is not accepted.
        """
        before = run.facts
        now = {
            **{name: installed_version(name) for name in EXACT_PACKAGES},
            "processor": processor_name(),
            "CPUs": os.cpu_count(),
            "device": setting.device.name,
            "threads": setting.device.n_threads,
        }
        versions, device = before.get("versions", {}), before.get("device", {})
        then = {
            **{name: versions.get(name) for name in EXACT_PACKAGES},
            "processor": before.get("processor", now["processor"]),
            "CPUs": before.get("cpus", now["CPUs"]),
            "device": device.get("name", now["device"]),
            "threads": device.get("threads", now["threads"]),
        }
        differences = [f"{what} {then[what]}, now {now[what]}" for what in now if then[what] != now[what]]
        recorded = before.get("data", {})
        if recorded and recorded != data_facts(setting):
            if not self.accept_changed_data:
                raise RunError(
                    f"The data are not those that {run.id} was trained on (digest {recorded['digest'][:12]}, "
                    f"now {data_facts(setting)['digest'][:12]}). Put the old ones back, or go on with the new ones: "
                    f"dnnctl resume {run.path} --accept-changed-data"
                )
            differences.append("the data have changed")
        return differences

    def restore(
        self, run: RunRecord, stages: Stages, checkpointer: Checkpointer, differences: list[str], report: Report
    ) -> Loop:
        """The loop at the newest sound checkpoint; from where training goes on is recorded and reported."""
        checkpoint, damaged = checkpointer.find()
        anew: list[str] = []
        is_origin = checkpoint is None and bool(run.facts.get("parent"))
        if is_origin:
            checkpoint, anew = start_from_origin(run, data_facts(stages.setting), stages, checkpointer)
        elif checkpoint is None:
            checkpointer.attend(stages.begin())
            checkpointer.records.cut_back([], [])
        else:
            checkpointer.attend(stages.enter(checkpoint.read_state().get("stage", FIRST_PHASE)))
            checkpointer.restore(checkpoint)
        loop = checkpointer.loop
        fact = Restored(
            checkpoint=None if checkpoint is None else checkpoint.name,
            initial_epoch=0 if loop.stage.is_pretraining else loop.epoch,
            step=loop.global_step,
            damaged=damaged,
            approximate=differences,
            is_origin=is_origin,
            anew=anew,
        )
        record_event(run.folder, **fact.as_json())
        report(fact)
        return loop


def data_facts(setting: Setup) -> dict[str, Any]:
    """The identity of the data and of its split."""
    return {"digest": setting.dataset.digest, "split": setting.dataset.split_digest}


def recorded_compilation(run: RunRecord) -> Compilation | None:
    """How the process before compiled the steps, if it came that far."""
    found = run.facts.get("compile")
    return None if found is None else Compilation(found["mode"], found["reason"])

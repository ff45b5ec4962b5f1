"""Resuming an interrupted run: what has changed since then, and the state that it continues from."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dnnctl.engine.compilation import Compilation
from dnnctl.engine.device import Device
from dnnctl.errors import RunError
from dnnctl.events.event import Report, Restored
from dnnctl.runner.checkpointing.branch import start_from_origin
from dnnctl.runner.checkpointing.checkpointer import Checkpointer
from dnnctl.runner.checkpointing.progress import read_progress
from dnnctl.runner.loop import Loop
from dnnctl.runner.setup import Setup
from dnnctl.runner.stages import Stages
from dnnctl.store.environment import EXACT_PACKAGES, installed_version, processor_name
from dnnctl.store.facts import HistoryEntry, RunFacts
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter


@dataclass(frozen=True)
class Resume:
    """Resumes a run."""

    accept_changed_data: bool = False

    def compare(self, run: RunRecord, setup: Setup) -> list[str]:
        """What differs from the previous process, of everything that affects the bits.

        Raises:
            RunError: the data have changed, and this is not accepted.
        """
        differences = environment_differences(run, setup.device)
        recorded = run.facts.data
        if recorded is not None and recorded != setup.data:
            if not self.accept_changed_data:
                raise RunError(
                    f"The data have changed since {run.id} was trained (digest {recorded.digest[:12]}, "
                    f"now {setup.data.digest[:12]}). Restore the old data, or continue with the new data: "
                    f"dnnctl resume {run.path} --accept-changed-data"
                )
            differences.append("the data have changed")
        return differences

    def restore(
        self, writer: RunWriter, stages: Stages, checkpointer: Checkpointer, differences: list[str], report: Report
    ) -> Loop:
        """The loop at the newest intact checkpoint. Records and reports where training continues from."""
        checkpoint, damaged = checkpointer.find()
        reset: list[str] = []
        is_origin = checkpoint is None and writer.facts.parent is not None
        if is_origin:
            checkpoint, loop, reset = start_from_origin(writer, stages, checkpointer)
        elif checkpoint is None:
            loop = stages.first()
            checkpointer.log.cut_back([], [])
        else:
            loop = stages.enter(read_progress(checkpoint).stage)
            checkpointer.restore(checkpoint, loop)
        restored = Restored(
            checkpoint=None if checkpoint is None else checkpoint.name,
            initial_epoch=loop.epoch if loop.stage.kind.trains_model else 0,
            step=loop.global_step,
            damaged=damaged,
            approximate=differences,
            is_origin=is_origin,
            reset=reset,
        )
        writer.add_history(
            HistoryEntry(
                event="restored",
                checkpoint=restored.checkpoint,
                initial_epoch=restored.initial_epoch,
                step=restored.step,
                damaged=tuple(damaged),
                approximate=tuple(differences),
                reset=tuple(reset),
                is_origin=is_origin,
            )
        )
        report(restored)
        return loop


def environment_differences(run: RunRecord, device: Device) -> list[str]:
    """What differs from the process that started a run, of everything in the environment that affects the bits."""
    before = _exactness(run.facts)
    now = {
        **{name: installed_version(name) for name in EXACT_PACKAGES},
        "processor": processor_name(),
        "CPUs": os.cpu_count(),
        "device": device.name,
        "threads": device.n_threads,
        "replicas": device.n_replicas,
        **device.software,
    }
    then = {what: before.get(what, value) for what, value in now.items()}
    return [f"{what} {then[what]}, now {now[what]}" for what in now if then[what] != now[what]]


def recorded_compilation(run: RunRecord) -> Compilation | None:
    """How an earlier process compiled the steps of a run; None if it did not get that far."""
    found = run.facts.compile
    if found is None:
        return None
    return Compilation("xla" if found.mode == "xla" else "graph", found.reason)


def _exactness(facts: RunFacts) -> dict[str, object]:
    """Every recorded fact that affects the bits of a run."""
    found: dict[str, object] = {name: facts.versions.get(name) for name in EXACT_PACKAGES}
    if facts.processor is not None:
        found["processor"] = facts.processor
    if facts.cpus is not None:
        found["CPUs"] = facts.cpus
    if facts.device is not None:
        device = facts.device
        found |= {"device": device.name, "threads": device.threads, "replicas": device.replicas, **device.software}
    return found

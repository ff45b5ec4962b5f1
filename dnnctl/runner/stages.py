"""The stages of a training in order: the parts of its pretraining, then its phases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dnnctl.data.dataset import Part
from dnnctl.events.event import Report
from dnnctl.runner.loop import Loop
from dnnctl.runner.phases import Phases
from dnnctl.runner.pretraining import Pretraining
from dnnctl.runner.setup import Setup, place
from dnnctl.store.record import RunRecord

ROLES = ("train", "validation", "test")
Key = dict[str, Any]
"""What a checkpoint calls a stage: its `kind`, and its `number` among those of its kind."""
FIRST_PHASE: Key = {"kind": "phase", "number": 1}


class Stages:
    """Enters one stage after the other; the examples lie on the device from here on."""

    def __init__(self, setting: Setup, run: RunRecord, report: Report) -> None:
        self.parts = {role: place(setting, getattr(setting.dataset, role)) for role in ROLES}
        self.setting = _without_inputs(setting)
        self.report = report
        self.unlabelled = setting.dataset.unlabelled
        self.pretraining: Pretraining | None = None
        train = self.parts["train"]
        assert train is not None
        self.phases = Phases(self.setting, run, train, self.parts["validation"], report)

    def begin(self) -> Loop:
        """The loop of the first stage."""
        has_pretraining = self.setting.spec.training.pretraining.kind != "none"
        return self.enter({"kind": "pretraining", "number": 1} if has_pretraining else FIRST_PHASE)

    def enter(self, key: Key) -> Loop:
        """The loop of a stage, which its state is to be given to."""
        unlabelled, self.unlabelled = self.unlabelled, None
        if key["kind"] == "pretraining":
            assert unlabelled is not None
            self.pretraining = Pretraining(self.setting, unlabelled, self.report)
            return self.pretraining.enter(key["number"])
        return self.phases.enter(key["number"])

    def after(self, loop: Loop) -> Loop | None:
        """The loop of the stage after one that is over; none after the last."""
        number = loop.stage.number
        if not loop.stage.is_pretraining:
            return None if number == len(self.setting.phases) else self.phases.enter(number + 1, loop)
        assert self.pretraining is not None
        if number < len(self.pretraining.parts):
            return self.pretraining.enter(number + 1, loop)
        self.pretraining.hand_over()
        self.pretraining = None
        return self.phases.enter(1, offset=loop.global_step)


def _without_inputs(setting: Setup) -> Setup:
    """The device has what training needs: its arrays need not stay in memory a second time."""
    dataset = setting.dataset
    train = Part(dataset.train.inputs[:0].copy(), dataset.train.targets)
    return replace(setting, dataset=replace(dataset, train=train, unlabelled=None))

"""The stages of a training run in order: all stages of one kind, then those of the next kind."""

from __future__ import annotations

from typing import ClassVar, Protocol

from dnnctl.errors import RunError
from dnnctl.events.event import Report
from dnnctl.runner.checkpointing.progress import StageKey
from dnnctl.runner.examples import Examples
from dnnctl.runner.facts_keeper import FactsKeeper
from dnnctl.runner.loop import Loop
from dnnctl.runner.phases import Phases
from dnnctl.runner.pretraining import Pretraining
from dnnctl.runner.setup import Setup
from dnnctl.runner.stage import StageKind


class StageMaker(Protocol):
    """Makes the loops of all stages of a kind."""

    kind: ClassVar[StageKind]

    def __init__(self, setup: Setup, examples: Examples, keeper: FactsKeeper, report: Report) -> None: ...

    @staticmethod
    def count(setup: Setup) -> int:
        """The number of stages of this kind that a spec has."""

    def enter(self, number: int, before: Loop | None = None) -> Loop:
        """The loop of a stage, at the start of the stage.

        Args:
            before: the loop of the previous stage, if this process trained it.
        """

    def finish(self) -> None:
        """Hand over what the stages of this kind have learned."""


STAGE_KINDS: dict[str, type[StageMaker]] = {maker.kind.name: maker for maker in (Pretraining, Phases)}
"""Every kind of stage, in the order of training."""


class Stages:
    """Enters one stage after the other."""

    def __init__(self, setup: Setup, examples: Examples, keeper: FactsKeeper, report: Report) -> None:
        self.setup = setup
        self.examples = examples
        self.keeper = keeper
        self.report = report
        self._maker: StageMaker | None = None
        kinds = [(name, maker.count(setup)) for name, maker in STAGE_KINDS.items()]
        self.keys = [StageKey(name, number) for name, n in kinds for number in range(1, n + 1)]

    def first(self) -> Loop:
        """The loop of the first stage."""
        return self.enter(self.keys[0])

    def enter(self, key: StageKey, before: Loop | None = None) -> Loop:
        """The loop of a stage, at the start of the stage.

        Args:
            before: the loop of the previous stage, if this process trained it.

        Raises:
            RunError: the spec has no such stage, so the key is from a damaged checkpoint.
        """
        if key not in self.keys:
            raise RunError(
                f"The checkpoint is in {key.kind} {key.number} of the training, which its spec does not have."
            )
        if self._maker is None or self._maker.kind.name != key.kind:
            self._maker = STAGE_KINDS[key.kind](self.setup, self.examples, self.keeper, self.report)
        return self._maker.enter(key.number, before)

    def after(self, loop: Loop) -> Loop | None:
        """The loop of the stage after a finished one; None after the last."""
        place = self.keys.index(loop.stage.key) + 1
        following = self.keys[place] if place < len(self.keys) else None
        if following is None or following.kind != loop.stage.kind.name:
            assert self._maker is not None, "a finished stage was entered"
            self._maker.finish()
        return None if following is None else self.enter(following, loop)

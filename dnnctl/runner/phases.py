"""Phases: the stages that train the model itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from dnnctl.builder.model import count_parameters
from dnnctl.engine.engine import Engine
from dnnctl.events.event import EpochEnded, PhaseStarted, Report
from dnnctl.runner.auto_rate import find_schedule, is_open
from dnnctl.runner.examples import Examples
from dnnctl.runner.facts_keeper import FactsKeeper
from dnnctl.runner.freezing import compile_for, freeze, frozen_names
from dnnctl.runner.learning_rates import LearningRates
from dnnctl.runner.loop import Loop
from dnnctl.runner.monitor import Monitor
from dnnctl.runner.schedule import Span
from dnnctl.runner.setup import Setup
from dnnctl.runner.stage import Stage, StageKind
from dnnctl.specs.planned_phase import PlannedPhase
from dnnctl.specs.schedule import OneCycle

PHASE = StageKind(
    "phase",
    trains_model=True,
    rows_file="metrics",
    order_purpose="order",
    epoch_event=lambda done: EpochEnded(done.row, done.is_best, done.stopped_early),
)


@dataclass
class Phases:
    """Makes the loop of each phase, with its engine, optimizer and rates."""

    setup: Setup
    examples: Examples
    keeper: FactsKeeper
    report: Report
    compiled_for: int = 1
    """The phase in which the model's current optimizer starts."""

    kind: ClassVar[StageKind] = PHASE

    def __post_init__(self) -> None:
        self.examples.take_unlabelled()  # free their memory: pretraining is over

    @staticmethod
    def count(setup: Setup) -> int:
        """The number of phases."""
        return len(setup.phases)

    def enter(self, number: int, before: Loop | None = None) -> Loop:
        """The loop of a phase, at the start of the phase.

        Args:
            before: the loop of the previous stage, if this process trained it. If not, training starts here, or the
                caller restores the state of the loop.
        """
        setup, phase = self.setup, self.setup.phases[number - 1]
        if phase.optimizer_of == self.compiled_for:
            freeze(setup.network, frozen_names(phase, setup.reused))
        else:
            compile_for(setup.network, setup.spec, setup.head, phase, setup.phases, setup.reused)
            self.compiled_for = phase.optimizer_of
        if len(setup.phases) > 1:
            self.report(self._started(phase, follows=before is not None))
        engine = setup.engine(self.examples.train)
        earlier = before if before is not None and before.stage.kind is PHASE else None
        epochs_before = earlier.epoch if earlier else 0
        rates = (
            earlier.rates if earlier and not phase.starts_schedule else self._new_rates(phase, engine, epochs_before)
        )
        stopping, every = setup.spec.training.early_stopping, setup.spec.training.checkpoint.every.steps
        return Loop(
            stage=Stage(
                PHASE,
                number,
                phase.epochs,
                phase.optimizer.kind,
                marks={} if setup.spec.training.phases == "none" else {"phase": number},
                patience=None if stopping == "none" else stopping.patience,
            ),
            seed=setup.spec.seed,
            engine=engine,
            rates=rates,
            validate=None if self.examples.validation is None else partial(engine.evaluate, self.examples.validation),
            best=earlier.best if earlier else Monitor(self._monitored()),
            validate_every=setup.spec.training.validation_every,
            patience=None if stopping == "none" else Monitor(stopping.monitor, stopping.min_delta),
            peers=setup.peers,
            checkpoint_steps=None if every == "none" else every,
            find_schedule=self._search(phase, engine) if is_open(rates.schedule) else None,
            epochs_before=epochs_before,
            epoch=epochs_before,
            offset=_offset(before, earlier),
        )

    def finish(self) -> None:
        """Do nothing: phases train the model itself."""

    def _search(self, phase: PlannedPhase, engine: Engine) -> Callable[[], OneCycle]:
        return partial(find_schedule, phase, engine, self.keeper, seed=self.setup.spec.seed, report=self.report)

    def _monitored(self) -> str:
        """The metric that chooses the best epoch."""
        stopping = self.setup.spec.training.early_stopping
        if stopping != "none":
            return stopping.monitor
        return "loss" if self.examples.validation is None else "val_loss"

    def _started(self, phase: PlannedPhase, *, follows: bool) -> PhaseStarted:
        return PhaseStarted(
            phase=phase.number,
            n_phases=len(self.setup.phases),
            epochs=phase.epochs,
            frozen=sorted(frozen_names(phase, self.setup.reused)),
            trainable_parameters=count_parameters(self.setup.model)[1],
            optimizer=phase.optimizer.kind,
            is_new_optimizer=follows and phase.starts_optimizer,
        )

    def _new_rates(self, phase: PlannedPhase, engine: Engine, epochs_before: int) -> LearningRates:
        return LearningRates(
            phase.schedule,
            phase.optimizer.learning_rate,
            Span(engine.n_steps, phase.span),
            epochs_before=epochs_before,
            momentum=None if engine.cycled_momentum is None else phase.optimizer.momentum,
        )


def _offset(before: Loop | None, earlier: Loop | None) -> int:
    """The steps before the first phase."""
    if before is None:
        return 0
    return earlier.offset if earlier else before.global_step

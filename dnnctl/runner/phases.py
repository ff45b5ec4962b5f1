"""The phases of a training, entered one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dnnctl.builder.model import count_parameters
from dnnctl.engine.engine import Engine, OnDevice
from dnnctl.events.event import PhaseStarted, RateFound, Report
from dnnctl.runner.freezing import compile_for, freeze, frozen_names
from dnnctl.runner.learning_rates import LearningRates
from dnnctl.runner.loop import Loop, Stage
from dnnctl.runner.lr_range_test import suggest, sweep
from dnnctl.runner.monitor import Monitor
from dnnctl.runner.schedule import Span
from dnnctl.runner.setup import Setup
from dnnctl.specs.planned_phase import PlannedPhase
from dnnctl.specs.schedule import MomentumCycle, OneCycle
from dnnctl.store.creation import add_facts
from dnnctl.store.record import RunRecord


@dataclass
class Phases:
    """Makes the loop of each phase, with its engine, its optimizer and its rates.

    Args:
        train: the training examples.
        validation: the validation examples, if there are any.
    """

    setting: Setup
    run: RunRecord
    train: OnDevice
    validation: OnDevice | None
    report: Report
    compiled_for: int = 1
    """The phase in which the model's optimizer starts."""

    def enter(self, number: int, before: Loop | None = None, *, offset: int = 0) -> Loop:
        """The loop of a phase, at its beginning.

        Args:
            before: that of the phase before, if this process has trained it; without it the loop's state is still
                to be given to it, or training begins.
            offset: the steps of the pretraining.
        """
        setting, phase = self.setting, self.setting.phases[number - 1]
        if phase.optimizer_of == self.compiled_for:
            freeze(setting.network, frozen_names(phase, setting.reused))
        else:
            compile_for(setting.network, setting.spec, setting.head, phase, setting.phases, setting.reused)
            self.compiled_for = phase.optimizer_of
        if len(setting.phases) > 1:
            self.report(self._begun(phase))
        engine = setting.engine(self.train)
        begun = 0 if before is None else before.epoch
        rates = before.rates if before and not phase.starts_schedule else self._rates(phase, engine, begun)
        stopping, every = setting.spec.training.early_stopping, setting.spec.training.checkpoint.every.steps
        default = "loss" if self.validation is None else "val_loss"
        return Loop(
            stage=Stage(
                number,
                phase.epochs,
                phase.optimizer.kind,
                marks={} if setting.spec.training.phases == "none" else {"phase": number},
                patience=None if stopping == "none" else stopping.patience,
            ),
            seed=setting.spec.seed,
            engine=engine,
            rates=rates,
            validation=self.validation,
            best=before.best if before else Monitor(default if stopping == "none" else stopping.monitor),
            patience=None if stopping == "none" else Monitor(stopping.monitor, stopping.min_delta),
            checkpoint_steps=None if every == "none" else every,
            begun=begun,
            epoch=begun,
            offset=before.offset if before else offset,
        )

    def _begun(self, phase: PlannedPhase) -> PhaseStarted:
        return PhaseStarted(
            phase=phase.number,
            n_phases=len(self.setting.phases),
            epochs=phase.epochs,
            frozen=sorted(frozen_names(phase, self.setting.reused)),
            trainable_parameters=count_parameters(self.setting.model)[1],
            optimizer=phase.optimizer.kind,
            is_fresh=phase.starts_optimizer,
        )

    def _rates(self, phase: PlannedPhase, engine: Engine, begun: int) -> LearningRates:
        schedule = self._with_found_rate(phase, engine)
        return LearningRates(
            schedule,
            phase.optimizer.learning_rate,
            Span(engine.n_steps, phase.span),
            begun=begun,
            momentum=None if engine.cycled_momentum is None else phase.optimizer.momentum,
        )

    def _with_found_rate(self, phase: PlannedPhase, engine: Engine) -> Any:
        """The schedule with the largest rate of its cycle, found once in a run's life where the spec leaves it open."""
        schedule = phase.schedule
        if not isinstance(schedule, OneCycle) or schedule.max_rate != "auto":
            return schedule
        parent = self.run.facts.get("parent") or {}
        key = str(phase.schedule_of)
        known = self.run.facts.get("rate_finder") or parent.get("rate_finder") or {}
        found = known.get(key)
        if found is None:
            suggestion = suggest(sweep(engine, seed=self.setting.spec.seed, momentum=low_momentum(schedule)))
            found = {"max_rate": suggestion.max_rate, "reason": suggestion.reason}
            self.report(RateFound(**found))
        add_facts(self.run, rate_finder={**known, key: found})
        return schedule.model_copy(update={"max_rate": found["max_rate"]})


def low_momentum(schedule: Any) -> float | None:
    """The momentum at the largest rate, where momentum cycles."""
    if isinstance(schedule, OneCycle) and isinstance(schedule.momentum, MomentumCycle):
        return schedule.momentum.low
    return None

"""Whether the sweep of a run stops it early: decided after each epoch from the rows of all trials in the store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dnnctl.errors import RunError
from dnnctl.store.facts import Row, TrialFacts
from dnnctl.store.metrics import finite
from dnnctl.store.trials import TrialState, own_trials, read_trials
from dnnctl.store.writer import RunWriter

if TYPE_CHECKING:
    from dnnctl.runner.loop import Halt
    from dnnctl.search.pruning import Curve


def halt_of(writer: RunWriter) -> Halt | None:
    """What may stop a run early; None if it is not a trial of a sweep that stops trials."""
    trial = writer.facts.trial
    rule = trial.plan.get("prune") if trial is not None else None
    if trial is None or trial.confirms is not None or not isinstance(rule, dict) or rule.get("kind") == "none":
        return None
    return TrialHalt(writer, trial)


class TrialHalt:
    """Stops a trial, and records that it did before anything else can happen."""

    def __init__(self, writer: RunWriter, trial: TrialFacts) -> None:
        from pydantic import ValidationError

        from dnnctl.specs.sweep import Sweep

        try:
            sweep = Sweep.model_validate(trial.plan)
        except ValidationError:
            raise RunError(f"{writer.folder.id} is damaged: run.json: trial.plan is not a sweep.") from None
        self.writer = writer
        self.number = trial.number
        self.sweep = sweep
        self.metric = sweep.metrics[0]
        self._finished: dict[int, Curve] = {}
        """The curves of the trials that were trained to the end, which are read once."""
        self._stopped: dict[int, Curve] = {}
        """Those of the trials that are over, but were not."""

    def __call__(self, row: Row) -> bool:
        """Whether training ends with the epoch of this row."""
        trial = self.writer.facts.trial
        assert trial is not None, "it is a trial"
        if trial.stopped is not None:  # decided before the run was killed and resumed
            return bool(row["epoch"] >= trial.stopped)
        if finite(row.get(self.metric)) is None:
            return False
        reason = self._reason(row)
        if reason:
            self.writer.add_facts(trial=replace(trial, stopped=row["epoch"], reason=reason))
        return bool(reason)

    def _reason(self, row: Row) -> str:
        from dnnctl.search.pruning import Candidate, Field, reason_to_stop
        from dnnctl.search.ranking import less_is_better

        running = self._read_others()
        rows = [*self.writer.read().rows, row]
        curve = {each["epoch"]: value for each in rows if (value := finite(each.get(self.metric))) is not None}
        field = Field(
            name=self.sweep.name,
            less_is_better=less_is_better(self.metric),
            n_epochs=_n_epochs(self.writer.record.spec),
            curves={**self._finished, **self._stopped, **running},
            finished=list(self._finished),
        )
        return reason_to_stop(self.sweep.prune, Candidate(self.number, curve), field)

    def _read_others(self) -> dict[int, Curve]:
        """Read the trials that have changed; return the curves of those that are not over."""
        running: dict[int, Curve] = {}
        for trial in own_trials(read_trials(self.writer.folder.path.parent, self.sweep.name)):
            if trial.number == self.number or trial.number in self._finished or trial.number in self._stopped:
                continue
            known = {TrialState.FINISHED: self._finished, TrialState.RUNNING: running, TrialState.UNFINISHED: running}
            known.get(trial.state, self._stopped)[trial.number] = trial.curve(self.metric)
        return running


def _n_epochs(spec: dict[str, Any]) -> int:
    """The number of epochs that a run is trained for if nothing stops it."""
    training = spec.get("training")
    epochs = training.get("epochs") if isinstance(training, dict) else None
    return epochs if isinstance(epochs, int) else 1

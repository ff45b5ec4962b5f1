"""One process that runs a sweep: it gives trials to workers, and hears what becomes of them."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from dnnctl.commands.sweep_result import SweepResult, read_sweep
from dnnctl.commands.train import create_run
from dnnctl.commands.workers.crew import Crew
from dnnctl.commands.workers.sweep_folder import end_sessions
from dnnctl.commands.workers.workers import Job, start_workers
from dnnctl.errors import InterruptedRunError, RunError
from dnnctl.events.sweep_event import (
    ConfirmationStarted,
    SweepEnded,
    SweepOpened,
    SweepReport,
    TrialEnded,
    TrialEpochEnded,
    TrialStarted,
    WorkerLost,
)
from dnnctl.specs import LoadedSpec
from dnnctl.specs.reading.load_sweep import LoadedSweep, Setting, plain_sweep
from dnnctl.store.catalog import Notify, keep_silent
from dnnctl.store.environment import own_command
from dnnctl.store.facts import HistoryEntry, TrialFacts
from dnnctl.store.record import RunRecord, Status
from dnnctl.store.trials import (
    Trial,
    TrialState,
    confirming_runs,
    own_trials,
    read_trials,
    started_folders,
    trial_name,
)
from dnnctl.store.writer import RunWriter

if TYPE_CHECKING:
    from dnnctl.search.claim import Claim
    from dnnctl.search.proposals import Search

MAX_DEATHS = 3
"""A trial whose worker dies this often has failed."""
MAX_FAILURES = 3
"""A sweep ends if this many trials fail before the first one succeeds."""


@dataclass
class SweepSession:
    """One process that runs a sweep."""

    search: Search
    directory: Path
    report: SweepReport
    notify: Notify
    trials: list[Trial] = field(default_factory=list)
    """Those that were read last."""
    tried: set[Path] = field(default_factory=set)
    """The runs that a worker has released in this process. Whatever their state, they are not tried again."""

    @property
    def loaded(self) -> LoadedSweep:
        return self.search.loaded

    def open(self) -> None:
        """Read the trials that are there, and remove what a killed process has started to write."""
        name = self.loaded.sweep.name
        end_sessions(self.directory, name, self.notify)
        for folder in started_folders(self.directory, name):
            shutil.rmtree(folder.path, ignore_errors=True)
        self._read()
        self.search.check_same(self.trials)

    def run(self, lock: int) -> SweepResult:
        """Train everything that is left."""
        sweep = self.loaded.sweep
        over = [trial for trial in own_trials(self.trials) if trial.state.is_over and not self._is_open(trial)]
        n_left = self.search.n_trials - len(over)
        job = Job(self.directory, sweep.name, n_left, lock, self.notify)
        with start_workers(sweep.launcher, job) as workers:
            self.report(
                SweepOpened(
                    sweep=sweep.name,
                    directory=str(self.directory),
                    search=sweep.search.kind,
                    parameters=tuple(sweep.parameters or (self.loaded.table.rows[0] if self.loaded.table else ())),
                    metrics=tuple(sweep.metrics),
                    n_trials=self.search.n_trials,
                    n_over=len(over),
                    workers=workers.n,
                    threads=workers.threads,
                )
            )
            with Crew(workers, self._hear) as crew:
                return self._result(self._train(crew))

    def _train(self, crew: Crew) -> Claim | None:
        """Train the trials, then confirm the best."""
        try:
            crew.train(self._next_trial)
            return self._confirm(crew)
        except InterruptedRunError as error:
            command = " ".join(map(quote, own_command()))
            raise InterruptedRunError(f"{error}\nnext:  {command}", error.exit_code - 128) from None

    def _hear(self, path: Path, content: Mapping[str, Any]) -> None:
        """Process what happens to a trial."""
        trial = self._at(path)
        facts, run_id, event = trial.facts, trial.run.id, content["event"]
        if event == "given":
            setting, is_resumed = dict(facts.setting), bool(RunRecord.at(path).history)
            self.report(TrialStarted(facts.number, facts.confirms, run_id, setting, facts.based_on, is_resumed))
        elif event == "epoch_ended":
            self.report(TrialEpochEnded(facts.number, facts.confirms, run_id, content["row"]))
        elif event == "warned":
            self.notify(f"trial {facts.number}: {content['text']}")
        elif event == "lost":
            self.report(WorkerLost(facts.number, facts.confirms, run_id, content["code"]))
            if content["deaths"] >= MAX_DEATHS:
                code = "" if content["code"] is None else f" (code {content['code']})"
                self._record_failure(trial, f"its worker died {MAX_DEATHS} times{code}")
        elif event == "released" and not content["is_interrupted"]:
            self.tried.add(path)
            self._read()
            self._end(self._at(path), content["message"])

    def _at(self, path: Path) -> Trial:
        return next(trial for trial in self.trials if trial.run.path == path)

    def _end(self, trial: Trial, message: str) -> None:
        """Report the end of a trial.

        Raises:
            RunError: nothing but failures so far.
        """
        from dnnctl.search.ranking import best_of

        metrics = self.loaded.sweep.metrics
        own = own_trials(self.trials)
        best = best_of(own, metrics)
        facts = trial.facts
        self.report(
            TrialEnded(
                trial=facts.number,
                confirms=facts.confirms,
                run=trial.run.id,
                setting=dict(facts.setting),
                state=str(trial.state),
                reason=message or facts.reason,
                epochs=trial.run.epochs,
                values={metric: trial.value(metric) for metric in metrics},
                is_best=any(each.run.id == trial.run.id for each in best),
            )
        )
        states = [each.state for each in own]
        has_value = any(state in (TrialState.FINISHED, TrialState.STOPPED, TrialState.DIVERGED) for state in states)
        if not has_value and states.count(TrialState.FAILED) >= min(MAX_FAILURES, self.search.n_trials):
            self._discard_unstarted(own)
            raise RunError(f"The first trials have failed: {message} Fix the problem, then start the sweep again.")
        if trial.state is TrialState.FINISHED and not best:
            missing = next(metric for metric in metrics if trial.value(metric) is None)
            names = ", ".join(name for name in trial.run.best if name.endswith("loss") or "val_" in name)
            raise RunError(f"The objective {missing} is not measured. The trials have: {names}.")

    def _discard_unstarted(self, trials: Sequence[Trial]) -> None:
        """Delete the trials that wrong input has prevented from starting: as with `train`, nothing is left of them."""
        for trial in trials:
            if not any(entry.event in ("started", "resumed") for entry in trial.run.history):
                with RunWriter.open(trial.run) as writer:
                    writer.discard()

    def _next_trial(self, busy: Collection[Path]) -> Path | None:
        """An unfinished trial, or a new one; None if there is none."""
        unfinished = [each for each in own_trials(self.trials) if self._is_open(each) and each.run.path not in busy]
        if unfinished:
            return unfinished[0].run.path
        proposal = self.search.propose(own_trials(self.trials))
        if proposal is None:
            return None
        facts = self._facts(proposal.number, proposal.setting, based_on=proposal.based_on)
        return self._create(facts)

    def _is_open(self, trial: Trial) -> bool:
        """Whether there is something left to train. A failed trial is tried once again by each process."""
        return trial.run.path not in self.tried and (trial.state is TrialState.FAILED or not trial.state.is_over)

    def _facts(self, number: int, setting: Setting, *, based_on: str = "", confirms: int | None = None) -> TrialFacts:
        return TrialFacts(
            sweep=self.loaded.sweep.name,
            number=number,
            setting=setting,
            based_on=based_on,
            confirms=confirms,
            plan=plain_sweep(self.loaded.sweep),
            identity=self.search.identity,
        )

    def _create(self, facts: TrialFacts, **changes: Any) -> Path:
        """The run of a trial: its folder is made here, exclusively, and trained by a worker."""
        name = trial_name(facts.sweep, facts.number, facts.confirms)
        loaded: LoadedSpec = self.loaded.spec_of(facts.setting, name=name, **changes)
        path = create_run(loaded, self.directory, keep_silent, trial=facts)
        self._read()
        return path

    def _confirm(self, crew: Crew) -> Claim | None:
        """Train the best settings with fresh seeds, and say what they show."""
        choice = self.loaded.sweep.confirm
        if choice == "none":
            return None
        from dnnctl.search.claim import fresh_seeds, make_claim
        from dnnctl.search.ranking import distinct_best

        best = distinct_best(own_trials(self.trials), self.loaded.sweep.metrics)[: choice.top]
        seeds = fresh_seeds(self.loaded.sweep.seed, choice.seeds)
        if not best:
            return None
        planned = [(trial, place) for place in range(1, choice.seeds + 1) for trial in best]
        if any(self._confirming(trial, place) is None for trial, place in planned):
            self.report(ConfirmationStarted(tuple(trial.number for trial in best), tuple(seeds)))

        def following(busy: Collection[Path]) -> Path | None:
            for trial, place in planned:
                found = self._confirming(trial, place)
                if found is None:
                    facts = self._facts(trial.number, dict(trial.facts.setting), confirms=place)
                    return self._create(facts, seed=seeds[place - 1])
                if self._is_open(found) and found.run.path not in busy:
                    return found.run.path
            return None

        crew.train(following)
        return make_claim(best, confirming_runs(self.trials), self.loaded.sweep.metrics[0])

    def _confirming(self, trial: Trial, place: int) -> Trial | None:
        runs = confirming_runs(self.trials)
        return next((each for each in runs if (each.number, each.facts.confirms) == (trial.number, place)), None)

    def _record_failure(self, trial: Trial, reason: str) -> None:
        self.tried.add(trial.run.path)
        with RunWriter.open(trial.run) as writer:
            writer.add_history(HistoryEntry("ended", end=str(Status.FAILED), reason=reason))
        self._read()
        self._end(self._at(trial.run.path), reason)

    def _read(self) -> None:
        """Read the trials again; those that are over have not changed."""
        known = {trial.run.path: trial for trial in self.trials if trial.state.is_over and not self._is_open(trial)}
        self.trials = read_trials(self.directory, self.loaded.sweep.name, known)

    def _result(self, claim: Claim | None) -> SweepResult:
        result = replace(read_sweep(self.trials), claim=claim)
        as_object = None if claim is None else claim.as_object()
        self.report(SweepEnded(result.name, tuple(trial.number for trial in result.best), as_object))
        return result

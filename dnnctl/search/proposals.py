"""The next trial of a sweep: a function of its file, the number of the trial, and the trials that have finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from json import dumps

from dnnctl.errors import RunError
from dnnctl.search.adviser import ADVISERS, check_installed, n_independent
from dnnctl.search.space import setting_at
from dnnctl.search.tables import planned_settings, random_point
from dnnctl.specs.reading.load_sweep import LoadedSweep, Setting, check_settings, covering
from dnnctl.store.difference import changes, in_words
from dnnctl.store.trials import Trial, number_ranges, own_trials

MAX_CHECKED = 200
"""The number of whole settings that are checked before the first trial, in addition to each single value."""


@dataclass(frozen=True)
class Proposal:
    """A trial that is to be trained."""

    number: int
    setting: Setting
    based_on: str = ""
    """The finished trials that it was chosen from."""


@dataclass(frozen=True)
class Search:
    """What a sweep tries."""

    loaded: LoadedSweep
    planned: list[Setting] | None = field(default=None)
    """All settings; None if they depend on the results."""

    @classmethod
    def of(cls, loaded: LoadedSweep) -> Search:
        """The search of a sweep, after all values are checked.

        Raises:
            UserError: a value or a combination of values makes no valid spec, or there are too many settings.
        """
        check_installed(loaded.sweep)
        planned = planned_settings(loaded)
        search = cls(loaded, planned)
        samples = planned if planned is not None else search.random_settings(min(search.n_trials, MAX_CHECKED))
        singles = covering(loaded.sweep) if planned is None or len(planned) > MAX_CHECKED else []
        check_settings(loaded, [*singles, *samples[:MAX_CHECKED]])
        return search

    @property
    def n_trials(self) -> int:
        """The number of trials."""
        n = self.loaded.sweep.n_trials
        if n is None:
            assert self.planned is not None, "the values define the settings"
            return len(self.planned)
        return n

    @cached_property
    def identity(self) -> str:
        """SHA-256 of what must be the same when the sweep is continued, in hexadecimal."""
        return sha256(dumps(self.loaded.identity, sort_keys=True).encode()).hexdigest()

    def known_settings(self) -> list[Setting]:
        """The settings that do not depend on the results of any trial."""
        if self.planned is not None:
            return self.planned
        sweep = self.loaded.sweep
        numbers = range(1, min(n_independent(sweep), self.n_trials) + 1)
        return [ADVISERS[type(sweep.search)](sweep, [], number) for number in numbers]

    def random_settings(self, n: int) -> list[Setting]:
        """The settings of a random search with the same parameters."""
        sweep = self.loaded.sweep
        points = (random_point(sweep.seed, number, len(sweep.parameters)) for number in range(1, n + 1))
        return [setting_at(sweep.parameters, point) for point in points]

    def propose(self, trials: Sequence[Trial]) -> Proposal | None:
        """The next trial that is not among the given ones; None if there is none."""
        taken = {trial.number for trial in trials}
        number = next((each for each in range(1, self.n_trials + 1) if each not in taken), None)
        if number is None:
            return None
        if self.planned is not None:
            return Proposal(number, self.planned[number - 1])
        sweep = self.loaded.sweep
        over = [trial for trial in trials if trial.state.is_over]
        setting = ADVISERS[type(sweep.search)](sweep, trials, number)
        return Proposal(number, setting, number_ranges([trial.number for trial in over]))

    def check_same(self, trials: Sequence[Trial]) -> None:
        """Check that trials on disk are trials of this sweep.

        Raises:
            RunError: they are of another sweep with this name.
        """
        name = self.loaded.sweep.name
        other = next((trial for trial in trials if trial.facts.identity != self.identity), None)
        if other is not None:
            raise RunError(
                f"{other.run.path.parent} has trials of another sweep named {name}, which differs in "
                f"{self._difference(other)}. Choose another name (--name), or remove them: "
                f"dnnctl remove --filter 'sweep == \"{name}\"'"
            )
        for trial in own_trials(trials):
            planned = self.planned or []
            if trial.number <= len(planned) and trial.facts.setting != planned[trial.number - 1]:
                raise RunError(
                    f"Trial {trial.number} of {name} was started with {in_words(trial.facts.setting)}, but is now "
                    f"{in_words(planned[trial.number - 1])}. Add new settings after the old ones, or choose another "
                    f"name (--name)."
                )

    def _difference(self, trial: Trial) -> str:
        """The keys in which the sweep of a trial differs, in words."""
        ours, theirs = self.loaded.identity, dict(trial.facts.plan)
        found = [change.path for change in changes({k: theirs.get(k) for k in ours}, ours) if change.path != "spec"]
        return ", ".join(found[:5]) or "the spec"

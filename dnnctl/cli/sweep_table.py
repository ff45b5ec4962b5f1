"""A sweep as a table of its trials, and its claim in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dnnctl.cli.printing import print_text
from dnnctl.cli.table import format_column, print_table, terminal_width, wrap_text
from dnnctl.events.sweep_wording import short_names
from dnnctl.store.difference import in_words
from dnnctl.store.trials import Trial

if TYPE_CHECKING:
    from dnnctl.commands.sweep_result import SweepResult
    from dnnctl.search.claim import Claim


def print_trials(result: SweepResult, *, limit: int) -> None:
    """Print the trials, best first; those without a score come last."""
    ordered = result.ordered()
    print_settings(result, ordered[:limit])
    if len(ordered) > limit:
        print_text(f"… and {len(ordered) - limit:,} more: dnnctl list --sweep {result.name}", dim=True)


def print_settings(result: SweepResult, trials: Sequence[Trial]) -> None:
    """Print a table with a row for each trial."""
    if not trials:
        print_text("no trial has started yet")
        return
    paths = list(trials[0].facts.setting)
    names = short_names(paths)
    columns = {"trial": [str(trial.number) for trial in trials], "state": [_state(trial) for trial in trials]}
    for metric in result.metrics:
        columns[metric] = _scores([trial.value(metric) for trial in trials], metric)
    for path in paths:
        columns[names[path]] = [in_words(trial.facts.setting.get(path)) for trial in trials]
    right = ["trial", *result.metrics, *(names[path] for path in paths)]
    print_table(list(columns), list(zip(*columns.values(), strict=True)), right=right)


def _scores(values: Sequence[float | None], metric: str) -> list[str]:
    """The column of an objective: of parameters whole numbers."""
    if metric == "parameters":
        return ["—" if value is None else f"{value:,.0f}" for value in values]
    return format_column(list(values))


def count_states(trials: Sequence[Trial]) -> str:
    """`10 finished, 2 stopped`."""
    return ", ".join(f"{n:,} {state}" for state, n in Counter(str(trial.state) for trial in trials).items())


def print_claim(claim: Claim) -> None:
    """Print what the fresh seeds have shown."""
    from dnnctl.search.claim_wording import claim_sentences, claim_table

    header, rows = claim_table(claim)
    print_text()
    print_table(header, rows, right=header)
    print_text()
    for sentence in claim_sentences(claim):
        _say(sentence)
    for verdict in claim.verdicts:
        _say(f"  {verdict}")


def _state(trial: Trial) -> str:
    stopped = trial.facts.stopped
    return f"{trial.state} at {stopped}" if stopped is not None else str(trial.state)


def _say(text: str) -> None:
    print_text(wrap_text(text, terminal_width()))


def as_object(result: SweepResult) -> dict[str, Any]:
    """A sweep as a JSON object."""
    return {
        "sweep": result.name,
        "plan": result.plan,
        "metrics": list(result.metrics),
        "best": [trial.number for trial in result.best],
        "trials": [
            {
                "trial": trial.number,
                "run": trial.run.id,
                "state": str(trial.state),
                "stopped": trial.facts.stopped,
                "reason": trial.facts.reason or None,
                "setting": dict(trial.facts.setting),
                "based_on": trial.facts.based_on,
                "epochs": trial.run.epochs,
                "values": {metric: trial.value(metric) for metric in result.metrics},
            }
            for trial in result.trials
        ],
        "claim": None if result.claim is None else result.claim.as_object(),
    }

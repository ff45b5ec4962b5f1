"""`dnnctl show SWEEP`: its trials and its claim."""

from __future__ import annotations

from collections.abc import Sequence

from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.sweep_table import as_object, count_states, print_claim, print_trials
from dnnctl.cli.table import terminal_width, wrap_text
from dnnctl.commands.sweep_result import SweepResult, read_sweep
from dnnctl.store.difference import in_words
from dnnctl.store.trials import Trial

SHOWN = 30


def show_sweep(trials: Sequence[Trial], *, as_json: bool) -> None:
    """Show a sweep."""
    result = read_sweep(trials)
    if as_json:
        print_json(as_object(result), indent=2)
        return
    plan = result.plan
    lines = {
        "sweep": result.name,
        "search": in_words(plan.get("search")),
        "prune": in_words(plan.get("prune")),
        "objective": ", ".join(result.metrics),
        "trials": count_states(result.trials),
        **_best(result),
        "next": f"dnnctl report {result.name}, or dnnctl compare {result.name}",
    }
    width = max(map(len, lines))
    for name, value in lines.items():
        print_text(f"{name:<{width}}  {wrap_text(value, terminal_width(), indent=width + 2)}")
    print_text()
    print_trials(result, limit=SHOWN)
    if result.claim is not None:
        print_claim(result.claim)


def _best(result: SweepResult) -> dict[str, str]:
    """The best trial with its run; of several objectives the trials of the front."""
    if len(result.metrics) > 1:
        return {"Pareto front": ", ".join(f"trial {trial.number}" for trial in result.best) or "—"}
    return {"best": ", ".join(f"trial {trial.number} ({trial.run.id})" for trial in result.best) or "—"}

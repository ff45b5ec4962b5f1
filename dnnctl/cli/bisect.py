"""`dnnctl bisect`: the keys that carry the difference between two recipes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dnnctl.cli.completion import complete_metric, complete_run
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, RunsDir
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.table import print_table, terminal_width, wrap_text
from dnnctl.errors import shorten
from dnnctl.store.difference import in_words
from dnnctl.store.files import finite_only
from dnnctl.text import format_count, format_number

if TYPE_CHECKING:
    from dnnctl.commands.bisect import BisectPlan, BisectResult, Trained

MAX_WIDTH = 24
"""The maximum width of a value in the table of keys."""


def bisect_command(
    a: Annotated[
        str,
        typer.Argument(metavar="A", help="A spec file, or a run.", show_default=False, autocompletion=complete_run),
    ],
    b: Annotated[
        str,
        typer.Argument(metavar="B", help="A spec file, or a run.", show_default=False, autocompletion=complete_run),
    ],
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            metavar="METRIC",
            help="What is compared, e.g. val_loss.",
            show_default="accuracy or mae",
            autocompletion=complete_metric,
        ),
    ] = None,
    budget: Annotated[int, typer.Option("--budget", metavar="N", help="The maximum number of trainings.")] = 40,
    seeds: Annotated[
        int,
        typer.Option("--seeds", min=2, metavar="N", help="The seeds of each recipe; twice as many where undecided."),
    ] = 3,
    runs_dir: RunsDir = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the keys that differ and the plan, but do not train.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Find the keys of the spec that carry the difference between two recipes, by training recipes between them.

    Each training is a run. The same command again continues where it stopped.
    """
    with failures_reported(as_json=as_json):
        from dnnctl.commands.bisect import bisect, plan_bisect

        plan = plan_bisect(Path(a), Path(b), runs_dir=runs_dir, n_seeds=seeds, budget=budget, notify=print_notice)
        if dry_run:
            _print_plan(plan, as_json=as_json)
            return
        if not as_json:
            print_text(_plan_in_words(plan))
        display = _Display(plan, as_json=as_json)
        result = bisect(plan, metric=metric, runs_dir=runs_dir, on_trained=display.show)
        if as_json:
            print_json(finite_only({"event": "bisect_ended", **result.as_object()}))
        else:
            _print(result)


class _Display:
    """A line for each training."""

    def __init__(self, plan: BisectPlan, *, as_json: bool) -> None:
        self._plan, self._as_json, self._n = plan, as_json, 0

    def show(self, trained: Trained) -> None:
        """Print what has been trained."""
        self._n += 1
        if self._as_json:
            print_json(finite_only({"event": "bisect_trained", **asdict(trained)}))
            return
        result = trained.reason or f"{trained.metric} {format_number(trained.score)}"
        line = f"{self._n} of at most {self._plan.budget}  seed {trained.seed}  {result}  {trained.recipe}"
        print_text(wrap_text(line, terminal_width()))


def _plan_in_words(plan: BisectPlan) -> str:
    text = (
        f"{format_count(len(plan.switches), 'key')} differ{'s' * (len(plan.switches) == 1)}. At most {plan.budget} "
        f"trainings named {plan.name}, {plan.n_seeds} or {2 * plan.n_seeds} seeds of each recipe from {plan.a['seed']}."
    )
    return wrap_text(text, terminal_width())


def _print_plan(plan: BisectPlan, *, as_json: bool) -> None:
    if as_json:
        keys = [{"key": switch.path, "a": switch.a, "b": switch.b} for switch in plan.switches]
        print_json({"name": plan.name, "keys": keys, "seeds": plan.n_seeds, "budget": plan.budget}, indent=2)
        return
    rows = [[switch.path, _value(switch.a), _value(switch.b)] for switch in plan.switches]
    print_table(["key", "A", "B"], rows)
    print_text(_plan_in_words(plan))
    print_text("dry run: nothing was trained or written")


def _print(result: BisectResult) -> None:
    found = result.finding
    carries = "carries" if not found.reason else "may carry"
    print_text()
    rows = [
        [switch.path, _value(switch.a), _value(switch.b), carries if number in found.keys else ""]
        for number, switch in enumerate(result.plan.switches)
    ]
    print_table(["key", "A", "B", "the difference"], rows)
    print_text()
    for sentence in _sentences(result):
        print_text(wrap_text(sentence, terminal_width()))
    print_text(f"next:  dnnctl list --filter 'name == \"{result.plan.name}\"'")


def _sentences(result: BisectResult) -> list[str]:
    """What was found, and how sure it is."""
    found, keys = result.finding, ", ".join(result.keys)
    sentences = []
    if found.reason:
        sentences.append(f"cannot tell: {found.reason}" + (f" ({keys})" if keys else ""))
    else:
        together = " together carry" if len(found.keys) > 1 else " carries"
        sentences.append(f"{keys}{together} the difference, {_p(found.p)} with seeds that had no part in the search")
    if found.explained is not None and keys:
        share = found.explained
        sentences.append(
            f"explained: {share.value:.0%} of the difference (95 % interval {share.low:.0%} to {share.high:.0%})"
        )
    if found.difference is not None:
        whole = found.difference
        low, high = format_number(whole.low), format_number(whole.high)
        text = f"B - A: {format_number(whole.difference)} in {result.metric} (95 % interval {low} to {high})"
        sentences.append(text)
    if keys and not found.is_minimal:
        sentences.append("A smaller set may carry it, too: some questions were not decided. Allow a larger --budget.")
    return sentences


def _p(p: float | None) -> str:
    return "p < 0.0001" if p is not None and p < 1e-4 else f"p = {format_number(p)}"


def _value(value: object) -> str:
    return shorten(in_words(value), MAX_WIDTH)

"""Runs side by side: what differs, the results, whether they differ significantly, and caveats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from dnnctl.compare.group import Group, Spread, group_runs, have_same_data, measured_by
from dnnctl.compare.notes import find_notes, losses_of
from dnnctl.compare.verdict import Verdict, describe_best, judge
from dnnctl.errors import UserError
from dnnctl.store.difference import changes
from dnnctl.store.metrics import NO_METRICS, finite, is_less_better
from dnnctl.store.record import RunRecord
from dnnctl.text import align, format_number, visible


def _seconds_an_epoch(run: RunRecord) -> float | None:
    """The median; the first epoch, which includes compiling, is skipped if there are others."""
    seconds = [number for row in run.curve if (number := finite(row.get("seconds"))) is not None]
    return median(seconds[1:] or seconds) if seconds else None


FACTS: dict[str, Callable[[RunRecord], object]] = {
    "parameters": lambda run: run.facts.parameters,
    "epochs": lambda run: run.epochs,
    "best epoch": lambda run: run.best.get("epoch"),
    "seconds per epoch": _seconds_an_epoch,
    "training seconds": lambda run: run.summary.training_seconds if run.summary else None,
}
ROLES = {"test_": "test", "val_": "validation"}
SCORED = ("crossentropy", "exact_match", "mae", "mse")
"""Metrics that can be computed from predictions, even if they were not measured."""
NO_DIFFERENCE = ("name", "description")


@dataclass(frozen=True)
class Difference:
    """A key of the spec whose value differs between groups."""

    path: str
    values: tuple[Any, ...]
    """One for each group."""


@dataclass(frozen=True)
class Result:
    """One value or metric of all groups."""

    name: str
    """`test accuracy`, `best val_loss`, `epochs`, …"""
    spreads: tuple[Spread, ...]
    is_comparable: bool = True
    """Whether the values may be ranked and subtracted: not losses of different kinds or metrics on different data."""

    @property
    def best(self) -> int | None:
        """The index of the first group with the best mean; None if no value is better than another."""
        metric = self.name.rpartition(" ")[2]
        known = [(spread.mean, place) for place, spread in enumerate(self.spreads) if spread.mean is not None]
        if not self.is_comparable or self.name in FACTS or len(known) < 2 or len({value for value, _ in known}) == 1:
            return None
        return (min if is_less_better(metric) else max)(known, key=lambda pair: pair[0])[1]


@dataclass(frozen=True)
class Comparison:
    """Some runs side by side."""

    groups: tuple[Group, ...]
    differences: tuple[Difference, ...]
    results: tuple[Result, ...]
    metric: str
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]
    best: str = ""
    """Which of several groups is the best, in words."""

    def __repr__(self) -> str:
        """For people: the runs, the metrics of each group, and the verdicts."""
        runs = [f"{group.label}  {visible(repr(run))}" for group in self.groups for run in group.runs]
        rows = [
            [visible(each.name), *(_in_words(spread) for spread in each.spreads)]
            for each in self.results
            if each.name not in FACTS
        ]
        table = align([["", *(group.label for group in self.groups)], *rows], right=set(range(1, len(self.groups) + 1)))
        return "\n".join([*runs, *table, *(f"{visible(str(verdict))}." for verdict in self.verdicts)])

    def as_object(self) -> dict[str, Any]:
        """The comparison as a JSON object."""
        return {
            "groups": [
                {
                    "label": group.label,
                    "name": group.first.name,
                    "runs": [run.id for run in group.runs],
                    "left_out": [run.id for run in group.left_out],
                }
                for group in self.groups
            ],
            "differences": [asdict(difference) for difference in self.differences],
            "results": [
                {
                    "name": result.name,
                    "is_comparable": result.is_comparable,
                    "groups": [
                        {"mean": spread.mean, "standard_deviation": spread.deviation, "values": list(spread.values)}
                        for spread in result.spreads
                    ],
                }
                for result in self.results
            ],
            "verdicts": [
                {**asdict(verdict), "better": verdict.better, "in_words": str(verdict)} for verdict in self.verdicts
            ],
            "best": self.best or None,
            "notes": list(self.notes),
        }


def compare_runs(runs: Sequence[RunRecord], metric: str | None = None, *, by_name: bool = False) -> Comparison:
    """Compare runs; runs that differ only in their seed are one group.

    Args:
        by_name: label the groups with the names of their runs instead of letters.
        metric: the metric for verdicts; by default accuracy for classes, mean absolute error for numbers.

    Raises:
        UserError: none of the runs has that metric.
    """
    groups = group_runs(runs, by_name=by_name)
    asked = None if metric is None else next((role for start, role in ROLES.items() if metric.startswith(start)), None)
    names = list(dict.fromkeys(name for role in ROLES.values() for name in _measured(groups, role)))
    chosen = (metric or _default(names)).removeprefix("val_").removeprefix("test_")
    is_scored = chosen in SCORED and any(len(group.runs) == 1 for group in groups)
    if names and chosen not in names and not is_scored:
        raise UserError(f"No run has the metric '{metric}'. Available: {', '.join(names)}.")
    verdicts = judge(groups, asked, chosen)
    return Comparison(
        groups=tuple(groups),
        differences=tuple(_differences(groups)),
        results=tuple(_results(groups)),
        metric=chosen,
        verdicts=tuple(verdicts),
        notes=tuple(find_notes(groups, {verdict.role for verdict in verdicts})),
        best=describe_best(groups, verdicts, asked, chosen),
    )


def _in_words(spread: Spread) -> str:
    """The mean, and the standard deviation of several values."""
    deviation = "" if spread.deviation is None else f" ± {format_number(spread.deviation)}"
    return f"{format_number(spread.mean)}{deviation}"


def _measured(groups: Sequence[Group], role: str) -> list[str]:
    """The names of the metrics of the best weights on a split."""
    found = {name: None for group in groups for run in group.runs for name in measured_by(run, role)}
    return list(found)


def _default(names: list[str]) -> str:
    return next((name for name in ("accuracy", "mae") if name in names), names[-1] if names else "accuracy")


def _differences(groups: Sequence[Group]) -> list[Difference]:
    """The keys whose values differ from the first group's spec; the seed only if every group is one run."""
    hidden = (*NO_DIFFERENCE, *(["seed"] if any(len(group.runs) > 1 for group in groups) else []))
    specs = [{key: value for key, value in group.first.spec.items() if key not in hidden} for group in groups]
    found: dict[str, list[Any]] = {}
    for place, spec in enumerate(specs[1:], 1):
        for change in changes(specs[0], spec):
            values = found.setdefault(change.path, [change.before] * len(specs))
            values[place] = change.after
    return [Difference(path, tuple(values)) for path, values in found.items()]


def _results(groups: Sequence[Group]) -> list[Result]:
    found: dict[str, list[list[float]]] = {}
    for role in ("test", "validation"):
        for name in _measured(groups, role):
            found[f"{role} {name}"] = [group.measured(role, name) for group in groups]
    for name in {name: None for group in groups for run in group.runs for name in (run.curve or [{}])[-1]}:
        if name not in NO_METRICS:
            found[f"last {name}"] = [group.last(name) for group in groups]
    for name, measure in FACTS.items():
        values = [[finite(measure(run)) for run in group.runs] for group in groups]
        found[name] = [[number for number in column if number is not None] for column in values]
    return [
        Result(name, tuple(Spread(tuple(values)) for values in columns), _is_comparable(name, groups))
        for name, columns in found.items()
    ]


def _is_comparable(name: str, groups: Sequence[Group]) -> bool:
    """Whether the values of all groups are on the same scale and were measured on the same examples."""
    if name in FACTS:
        return True
    kind, _, metric = name.partition(" ")
    role = kind if kind == "test" else "validation"  # the last epoch's metrics depend on the split too
    has_one_scale = len(losses_of(groups)) < 2 or not metric.endswith("loss")
    return has_one_scale and have_same_data(groups, role)

"""Caveats of a comparison: what its results do not show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from shlex import quote
from typing import Any

from dnnctl.compare.group import Group, have_same_data, measured_by
from dnnctl.store.catalog import namesakes
from dnnctl.store.metrics import finite
from dnnctl.store.recipe import repetition, repetitions
from dnnctl.store.record import RunRecord
from dnnctl.text import format_count, format_seconds

MUCH_MORE_TIME = 1.5
FEW_SEEDS = 3
MAX_SHOWN = 5


def find_notes(groups: Sequence[Group], roles: Set[str]) -> list[str]:
    """All caveats that apply, most important first.

    Args:
        roles: the splits that verdicts use.
    """
    return [
        *_alone(groups),
        *_damaged(groups),
        *_altered(groups),
        *_unfinished(groups),
        *_other_data(groups),
        *_other_losses(groups),
        *_forks(groups),
        *_pruned(groups),
        *_rolled_back(groups),
        *_validation(groups, roles),
        *_left_out(groups),
        *_seeds(groups),
        *_other_seeds(groups),
        *_other_effort(groups),
    ]


def _alone(groups: Sequence[Group]) -> list[str]:
    """That there is nothing to compare."""
    if len(groups) != 1 or len(groups[0].runs) == 1:
        return []
    n_runs = format_count(len(groups[0].runs), "run")
    return [f"All {n_runs} are of one recipe, so nothing is compared. Name runs of another recipe, too."]


def losses_of(groups: Sequence[Group]) -> set[str]:
    """The kinds of loss that the runs were trained with, if recorded, how these scale targets, and their penalties."""
    return {
        " + ".join([run.summary.scaled_loss, *sorted(set(_penalties(run.spec.get("model"))))])
        for _, run in _runs(groups)
        if run.summary and run.summary.scaled_loss
    }


def _penalties(model: Any) -> Iterator[str]:
    """The regularizers in a part of a spec, such as `l2 0.03`. Every loss contains their penalties."""
    if isinstance(model, list):
        for each in model:
            yield from _penalties(each)
    elif isinstance(model, dict):
        for key, value in model.items():
            if key == "regularizer" and isinstance(value, dict):
                yield " ".join(map(str, value.values()))
            else:
                yield from _penalties(value)


def _runs(groups: Sequence[Group]) -> Iterator[tuple[Group, RunRecord]]:
    """Each run with its group."""
    return ((group, run) for group in groups for run in group.runs)


def _damaged(groups: Sequence[Group]) -> list[str]:
    """Files that could not be read, each by name."""
    return [f"{group.label}: {run.id} is damaged: {run.damages[0]}" for group, run in _runs(groups) if run.damages]


def _altered(groups: Sequence[Group]) -> list[str]:
    """Files that are not as training wrote them, each by name."""
    return [
        f"{group.label}: {run.id} is not as it was trained: "
        f"{', '.join(f'{name} was {change}' for name, change in run.altered.items())}. Results from these files are "
        f"left out."
        for group, run in _runs(groups)
        if run.altered
    ]


def _unfinished(groups: Sequence[Group]) -> list[str]:
    return [
        f"{group.label}: {run.id} is {run.status} after {format_count(run.epochs, 'epoch')}; it has no result."
        for group, run in _runs(groups)
        if not run.status.is_complete
    ]


def _other_data(groups: Sequence[Group]) -> list[str]:
    if not have_same_data(groups, "test"):
        return [
            "The data differ (different digests). Metrics that were measured on different data are not ranked, and "
            "their differences are not shown."
        ]
    if not have_same_data(groups, "validation"):
        return [
            "The splits differ, so training and validation metrics were measured on different examples. They are not "
            "ranked, and their differences are not shown. Test metrics are comparable."
        ]
    return []


def _other_losses(groups: Sequence[Group]) -> list[str]:
    if len(losses_of(groups)) < 2:
        return []
    listed = ", ".join(sorted(losses_of(groups)))
    return [f"The losses differ ({listed}): their values are not on the same scale and are not ranked."]


def _forks(groups: Sequence[Group]) -> list[str]:
    """What runs share with the runs that they were forked from."""
    labels = {run.id: group.label for group, run in _runs(groups)}
    notes = []
    for group, run in _runs(groups):
        parent = run.facts.parent
        if parent is None:
            continue
        if parent.run in labels:
            other = labels[parent.run]
            notes.append(
                f"{group.label} was forked from {other} after epoch {parent.epoch}: they share all epochs up to it."
            )
        best = run.best.get("epoch")
        if isinstance(best, int) and 0 < best <= parent.epoch:
            notes.append(
                f"{group.label}: the best epoch is before the fork, so its best weights are its parent's weights."
            )
        before, now = parent.data, run.facts.data
        if before and now and before.split != now.split:
            notes.append(
                f"{group.label} was forked with other validation examples: its parent may have been trained on some of "
                f"them, so its validation metrics may be too good."
            )
    return notes


def _pruned(groups: Sequence[Group]) -> list[str]:
    """Weights that were set to zero after training, which no spec shows."""
    return [
        f"{group.label} is {pruned.run} with {pruned.sparsity:.0%} of its kernel weights set to zero."
        for group, run in _runs(groups)
        if (pruned := run.facts.pruned)
    ]


def _rolled_back(groups: Sequence[Group]) -> list[str]:
    """Trainings whose learning rates are lower than those of their specs."""
    return [
        f"{group.label}: {run.id} diverged and was rolled back {format_count(n, 'time')}, to {factor:g} times the "
        f"learning rates of its spec."
        for group, run in _runs(groups)
        if (n := len(run.roll_backs)) and (factor := finite(run.roll_backs[-1].factor)) is not None
    ]


def _validation(groups: Sequence[Group], roles: Set[str]) -> list[str]:
    if "validation" in roles:
        return [
            "Validation metrics are those of the best epoch, which was chosen on the same examples: they are too "
            "optimistic, especially for the run with the most epochs. Test metrics are not."
        ]
    if any(measured_by(run, "validation") for _, run in _runs(groups)):
        return [
            "Validation metrics are those of the best epoch, which was chosen on the same examples: they are too "
            "optimistic. Test metrics are not."
        ]
    return []


def _left_out(groups: Sequence[Group]) -> list[str]:
    """Runs that are left out because their seed is already in the group."""
    notes = []
    for group in groups:
        if group.left_out:
            n = len(group.left_out)
            listed = ", ".join(f"{run.id} ({repetition(run)})" for run in group.left_out[:MAX_SHOWN])
            more = f" and {n - MAX_SHOWN} more" if n > MAX_SHOWN else ""
            notes.append(f"{group.label} uses only the newest finished run of each seed. Left out: {listed}{more}.")
    return notes


def _seeds(groups: Sequence[Group]) -> list[str]:
    """Whether there are enough seeds to compare recipes."""
    sizes = [len(group.runs) for group in groups]
    if len(groups) > 1 and max(sizes) == 1:
        return [
            "One seed each: this compares trained models, not recipes. To compare recipes, train several seeds: "
            "dnnctl train SPEC --seeds 5"
        ]
    if len(groups) > 1 and 1 < min(size for size in sizes if size > 1) < FEW_SEEDS:
        return ["Two seeds are too few to estimate the variation between seeds. Train five or more."]
    return []


def _other_seeds(groups: Sequence[Group]) -> list[str]:
    """Recipes of which only one of several trained seeds is compared, with the command that compares all."""
    if len(groups) < 2:
        return []
    found = {group.label: _all_seeds(group) for group in groups}
    partial = [group for group in groups if len(found[group.label]) > len(group.runs)]
    if not partial:
        return []
    listed = ", ".join(f"{group.label} is one of {len(found[group.label])}" for group in partial)
    references = (reference for group in groups for reference in _references(group, found[group.label]))
    return [
        f"Other seeds of these recipes have been trained ({listed}). Compare all of them: "
        f"dnnctl compare {' '.join(map(quote, references))}"
    ]


def _all_seeds(group: Group) -> list[RunRecord]:
    """The runs of a group; for a single complete run all seeds of its recipe, if it is one of them."""
    if len(group.runs) > 1 or not group.first.status.is_complete:
        return list(group.runs)
    found = repetitions(group.first, namesakes(group.first))
    return found if any(run.id == group.first.id for run in found) else [group.first]


def _references(group: Group, runs: Sequence[RunRecord]) -> list[str]:
    """The references to type for some runs: their name if it means exactly these runs, else their ids."""
    if len(runs) == len(group.runs):
        return [run.id for run in runs]
    newest = [run for run in namesakes(group.first) if run.status.is_complete][-1]
    return [group.first.name] if any(run.id == newest.id for run in runs) else [run.id for run in runs]


def _other_effort(groups: Sequence[Group]) -> list[str]:
    """Whether the groups were trained for different numbers of epochs or seconds."""
    notes = []
    epochs = {group.label: max((run.epochs for run in group.runs), default=0) for group in groups}
    if len(set(epochs.values())) > 1:
        listed = ", ".join(f"{label} {n}" for label, n in epochs.items())
        notes.append(f"The numbers of epochs differ: {listed}.")
    times = {
        group.label: sum((finite(run.summary.training_seconds) or 0.0) if run.summary else 0.0 for run in group.runs)
        / len(group.runs)
        for group in groups
    }
    if min(times.values()) > 0 and max(times.values()) > MUCH_MORE_TIME * min(times.values()):
        listed = ", ".join(f"{label} {format_seconds(seconds)}" for label, seconds in times.items())
        notes.append(f"The training times differ: {listed}.")
    return notes

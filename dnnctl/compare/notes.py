"""What a reader of a comparison has to know before believing it."""

from __future__ import annotations

from collections.abc import Sequence, Set

from dnnctl.compare.group import Group, measured_by
from dnnctl.text import format_seconds

MUCH_MORE_TIME = 1.5
FEW_SEEDS = 3


def find_notes(groups: Sequence[Group], roles: Set[str]) -> list[str]:
    """Every reservation that holds, in the order of its weight.

    Args:
        roles: the parts of the data that verdicts are about.
    """
    notes = _unfinished(groups) + _other_data(groups) + _forks(groups) + _pruned(groups)
    if len(losses_of(groups)) > 1:
        notes.append(
            f"Their losses are not the same ({', '.join(sorted(losses_of(groups)))}): they have no common scale."
        )
    if "validation" in roles:
        notes.append(
            "Validation figures are of the best epoch, which was chosen on these same examples: they flatter every "
            "run, and most the one with the most epochs. Test data would not."
        )
    elif any(measured_by(run, "validation") for group in groups for run in group.runs):
        notes.append("Validation figures are of the best epoch, chosen by them: they flatter. Test figures do not.")
    sizes = [len(group.runs) for group in groups]
    if len(groups) > 1 and max(sizes) == 1:
        notes.append(
            "One seed each: this compares trained models. Which recipe is better, several seeds show "
            "(dnnctl train SPEC --seeds 5)."
        )
    elif len(groups) > 1 and 1 < min(size for size in sizes if size > 1) < FEW_SEEDS:
        notes.append("Two seeds are few: how much seeds differ is hardly known from them. Five or more tell more.")
    return notes + _other_effort(groups)


def losses_of(groups: Sequence[Group]) -> set[str]:
    """The kinds of loss that the runs were trained with, as far as they are on record."""
    return {run.summary.loss for group in groups for run in group.runs if run.summary and run.summary.loss}


def _forks(groups: Sequence[Group]) -> list[str]:
    """What runs share with the runs that they were forked from."""
    labels = {run.id: group.label for group in groups for run in group.runs}
    notes = []
    for group in groups:
        for run in group.runs:
            parent = run.facts.parent
            if parent is None:
                continue
            if parent.run in labels:
                other = labels[parent.run]
                notes.append(
                    f"{group.label} goes on from {other} after epoch {parent.epoch}: they share what was before."
                )
            if run.best.get("epoch", 0) and run.best["epoch"] <= parent.epoch:
                notes.append(f"{group.label}: the best epoch is from before the fork: these are its parent's weights.")
            before, now = parent.data, run.facts.data
            if before and now and before.split != now.split:
                notes.append(
                    f"{group.label} was forked with other validation examples: its parent may have been trained on "
                    f"some of them, which then flatter."
                )
    return notes


def _pruned(groups: Sequence[Group]) -> list[str]:
    """What was set to zero after training, which no spec says."""
    return [
        f"{group.label} is {pruned.run} with {pruned.sparsity:.0%} of its kernel weights set to zero."
        for group in groups
        for run in group.runs
        if (pruned := run.facts.pruned)
    ]


def _unfinished(groups: Sequence[Group]) -> list[str]:
    return [
        f"{group.label}: {run.id} is {run.status} after {run.epochs} epochs; it has no result."
        for group in groups
        for run in group.runs
        if not run.status.is_complete
    ]


def _other_data(groups: Sequence[Group]) -> list[str]:
    data = [group.first.facts.data for group in groups]
    if len({each and each.digest for each in data}) > 1:
        return ["The data are not the same (their digests differ): figures on them cannot simply be compared."]
    if len({each and each.split for each in data}) > 1:
        return ["The validation parts are not the same examples: figures on validation cannot simply be compared."]
    return []


def _other_effort(groups: Sequence[Group]) -> list[str]:
    notes = []
    epochs = {group.label: max((run.epochs for run in group.runs), default=0) for group in groups}
    if len(set(epochs.values())) > 1:
        listed = ", ".join(f"{label} {n}" for label, n in epochs.items())
        notes.append(f"They were not trained for the same number of epochs: {listed}.")
    times = {
        group.label: sum((run.summary.training_seconds or 0.0) if run.summary else 0.0 for run in group.runs)
        / len(group.runs)
        for group in groups
    }
    if min(times.values()) > 0 and max(times.values()) > MUCH_MORE_TIME * min(times.values()):
        listed = ", ".join(f"{label} {format_seconds(seconds)}" for label, seconds in times.items())
        notes.append(f"They did not take the same time to train: {listed}.")
    return notes

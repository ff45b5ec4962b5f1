"""What a reader of a comparison has to know before believing it."""

from __future__ import annotations

from collections.abc import Sequence

from dnnctl.compare.group import Group
from dnnctl.store.numbers import format_seconds

MUCH_MORE_TIME = 1.5


def find_notes(groups: Sequence[Group], role: str) -> list[str]:
    """Every reservation that holds, in the order of its weight."""
    notes = _unfinished(groups) + _other_data(groups)
    if role == "validation":
        notes.append(
            "There is no test data: the figures are of the best epoch, which was chosen on these same validation "
            "examples; they flatter every run, and most the one with the most epochs."
        )
    elif any(run.summary.get("validation") for group in groups for run in group.runs):
        notes.append(
            "Validation figures are of the best epoch, which was chosen by them: they flatter. Test figures do not."
        )
    if len(groups) > 1 and all(len(group.runs) == 1 for group in groups):
        notes.append(
            "One seed each: this compares trained models. Which recipe is better, several seeds show "
            "(dnnctl train SPEC --seeds 5)."
        )
    return notes + _other_effort(groups)


def _unfinished(groups: Sequence[Group]) -> list[str]:
    return [
        f"{group.label}: {run.id} is {run.status} after {run.epochs} epochs; it has no result yet."
        for group in groups
        for run in group.runs
        if not run.status.is_complete
    ]


def _other_data(groups: Sequence[Group]) -> list[str]:
    facts = [group.first.facts.get("data") or {} for group in groups]
    if len({fact.get("digest") for fact in facts}) > 1:
        return ["The data are not the same (their digests differ): figures on them cannot simply be compared."]
    if len({fact.get("split") for fact in facts}) > 1:
        return ["The validation parts are not the same examples: figures on validation cannot simply be compared."]
    return []


def _other_effort(groups: Sequence[Group]) -> list[str]:
    notes = []
    epochs = {group.label: max((run.epochs for run in group.runs), default=0) for group in groups}
    if len(set(epochs.values())) > 1:
        listed = ", ".join(f"{label} {n}" for label, n in epochs.items())
        notes.append(f"They were not trained for the same number of epochs: {listed}.")
    times = {
        group.label: sum(run.summary.get("training_seconds") or 0 for run in group.runs) / len(group.runs)
        for group in groups
    }
    if min(times.values()) > 0 and max(times.values()) > MUCH_MORE_TIME * min(times.values()):
        listed = ", ".join(f"{label} {format_seconds(seconds)}" for label, seconds in times.items())
        notes.append(f"They did not take the same time to train: {listed}.")
    return notes

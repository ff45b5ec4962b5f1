"""The claim of a sweep in words."""

from __future__ import annotations

from collections.abc import Sequence

from dnnctl.events.sweep_wording import setting_in_words
from dnnctl.search.claim import Claim, Score
from dnnctl.text import format_count, format_number


def claim_table(claim: Claim) -> tuple[list[str], list[list[str]]]:
    """The header and a row for each confirmed setting, best first."""
    header = ["trial", f"{claim.metric} in the sweep", "with fresh seeds", f"test_{claim.metric[4:]}", "bias"]
    rows = [
        [
            str(each.trial),
            format_number(each.in_sweep),
            _with_interval(each.score),
            "—" if each.test is None else _with_interval(each.test),
            f"{'-' if each.bias < 0 else '+'}{format_number(abs(each.bias))}",
        ]
        for each in claim.settings
    ]
    return header, rows


def claim_sentences(claim: Claim) -> list[str]:
    """The best setting, its score, the selection bias, and what could and could not be told apart from it."""
    sentences = [f"best: trial {claim.best.trial}, {setting_in_words(claim.best.setting)}", _confirmation(claim)]
    if claim.indistinguishable:
        sentences.append(f"not distinguishable from it: {_trials(claim.indistinguishable)}")
    if claim.worse:
        sentences.append(f"significantly worse: {_trials(claim.worse)}")
    return sentences


def _confirmation(claim: Claim) -> str:
    score, bias = claim.best.score, claim.selection_bias
    better = "better" if bias > 0 else "worse"
    return (
        f"{claim.metric} {_with_interval(score)} on {format_count(score.n, 'fresh seed')}. Selection bias: the best "
        f"score in the sweep was {format_number(abs(bias))} {better} than the same setting with fresh seeds."
    )


def _trials(numbers: Sequence[int]) -> str:
    return f"trial{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


def _with_interval(score: Score) -> str:
    if score.low is None or score.high is None:
        return format_number(score.mean)
    return f"{format_number(score.mean)} ({format_number(score.low)} to {format_number(score.high)})"

"""What a sweep claims: the confirmed settings, the selection bias, and what could not be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dnnctl.compare.report.chart import SOFT, Charts, points
from dnnctl.compare.report.markup import table
from dnnctl.events.sweep_wording import setting_in_words
from dnnctl.search.claim import Claim
from dnnctl.search.claim_wording import claim_sentences, claim_table
from dnnctl.search.ranking import best_of
from dnnctl.search.report.score_axis import format_score
from dnnctl.search.report.slices import FRESH, interval_of
from dnnctl.store.trials import Trial

UNCONFIRMED = (
    "No setting was confirmed. The best score of many trials is partly luck, so that the same setting with another "
    "seed is expected to be worse. `confirm` in the sweep, or --confirm 5, trains the best settings with fresh seeds."
)


def describe_claim(claim: Claim, charts: Charts) -> list[str]:
    """The sentences of the claim, its table, and a chart of both scores of each setting."""
    sentences = "".join(f'<p class="verdict">{escape(_capital(text))}</p>' for text in claim_sentences(claim))
    header, rows = claim_table(claim)
    caption = (
        "Brackets show the 95 % interval over fresh seeds. The bias is how much too good the score in the sweep was."
    )
    verdicts = "".join(f"<p class='note'>{escape(_capital(text))}.</p>" for text in claim.verdicts)
    return [
        sentences,
        f'<div class="charts"><div>{table(caption, header, rows)}{verdicts}</div>{_chart(claim, charts)}</div>',
    ]


def describe_best(trials: Sequence[Trial], metrics: Sequence[str]) -> list[str]:
    """The best trial of a sweep that has confirmed nothing."""
    best = best_of(trials, metrics)
    if not best:
        return ['<p class="note">No trial has finished.</p>']
    if len(metrics) > 1:
        return []
    trial = best[0]
    score = f"{metrics[0]} {format_score(trial.value(metrics[0]), metrics[0])}"
    text = f"Best: trial {trial.number}, {score}, {setting_in_words(trial.facts.setting)}"
    return [f'<p class="verdict">{escape(text)}</p>', f'<p class="note">{escape(UNCONFIRMED)}</p>']


def _capital(text: str) -> str:
    """A sentence with a capital, unless it starts with the name of a metric."""
    return text if "_" in text.partition(" ")[0] else text[:1].upper() + text[1:]


def _chart(claim: Claim, charts: Charts) -> str:
    places = list(range(len(claim.settings)))
    names = [f"trial {each.trial}" for each in claim.settings]
    in_sweep = points(
        "in the sweep",
        places,
        [each.in_sweep for each in claim.settings],
        SOFT,
        symbol="circle-open",
        size=9,
        hover=[f"{name} in the sweep\n{each.in_sweep:.4g}" for name, each in zip(names, claim.settings, strict=True)],
    )
    fresh = points(
        "with fresh seeds",
        places,
        [each.score.mean for each in claim.settings],
        FRESH,
        symbol="diamond",
        size=9,
        error=interval_of(claim.settings),
        hover=[f"{name}\n{each.score.mean:.4g}" for name, each in zip(names, claim.settings, strict=True)],
    )
    label = f"{claim.metric} of each confirmed setting in the sweep and with fresh seeds; the table has the numbers"
    ticks = {"at": places, "texts": names}
    return charts.add(label, "", claim.metric, [in_sweep, fresh], x_ticks=ticks, x_range=(-0.6, len(places) - 0.4))

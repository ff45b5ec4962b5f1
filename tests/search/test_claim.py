"""What a sweep claims: noise is not called a win, and the selection bias is the true one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dnnctl.search.claim import fresh_seeds, make_claim
from dnnctl.search.ranking import distinct_best
from dnnctl.store.facts import DataFacts, RunFacts, Summary, TrialFacts
from dnnctl.store.record import RunRecord, Status
from dnnctl.store.trials import Trial

METRIC = "val_accuracy"
N_SEEDS, N_TOP, NOISE = 5, 3, 0.01


def trial_of(number: int, accuracy: float, *, confirms: int | None = None, test: float | None = None) -> Trial:
    """A finished trial that is in no store: only what a claim reads of it."""
    run = RunRecord.at(Path(f"20260101-000000-net-{number:04d}-{confirms or 0}-beef"))
    best = {"epoch": 1, METRIC: accuracy}
    measured = None if test is None else {"accuracy": test}
    summary = Summary(1, METRIC, best=best, validation={"accuracy": accuracy}, test=measured)
    facts = RunFacts(seed=confirms or 0, spec={"setting": number}, data=DataFacts("d", "s"), created=str(number))
    rows = [{"epoch": 1, METRIC: accuracy}]
    vars(run).update(
        status=Status.FINISHED, _facts=(facts, []), _summary=(summary, []), altered={}, curve=rows, _rows=(rows, [])
    )
    return Trial(run, TrialFacts("net", number, {"optimizer.learning_rate": number}, confirms=confirms))


def confirmed(levels: Sequence[float], draw: np.random.Generator) -> tuple[list[Trial], list[Trial]]:
    """The best of a simulated sweep whose settings have these true accuracies, and the runs that confirm them."""
    trials = [trial_of(n, float(level + draw.normal(0, NOISE))) for n, level in enumerate(levels, 1)]
    best = distinct_best(trials, [METRIC])[:N_TOP]
    runs = []
    for trial in best:
        for place in range(1, N_SEEDS + 1):
            score, test = levels[trial.number - 1] + draw.normal(0, NOISE, 2)
            runs.append(trial_of(trial.number, float(score), confirms=place, test=float(test)))
    return best, runs


def test_noise_is_called_a_win_in_at_most_one_of_twenty_sweeps() -> None:
    """All settings are equally good. 300 sweeps; the bound is the 99.9 % quantile of Binomial(300, 0.05)."""
    draw = np.random.default_rng(1)
    n_false = 0
    for _ in range(300):
        claim = make_claim(*confirmed([0.8] * 12, draw), METRIC)
        assert claim is not None
        n_false += bool(claim.worse)
    assert n_false <= 28


def test_a_large_difference_is_found() -> None:
    draw = np.random.default_rng(2)
    claims = [make_claim(*confirmed([0.8, 0.9, 0.8], draw), METRIC) for _ in range(30)]
    assert all(claim is not None and claim.best.trial == 2 for claim in claims)
    assert sum(claim is not None and len(claim.worse) == 2 for claim in claims) >= 28


def test_the_selection_bias_is_near_the_truth() -> None:
    """The best of n equal settings leads by the expected maximum of n normal numbers, which is simulated."""
    draw = np.random.default_rng(3)
    truth = float(np.mean(draw.normal(0, 0.01, (20_000, 12)).max(axis=1)))
    claims = [make_claim(*confirmed([0.8] * 12, draw), METRIC) for _ in range(200)]
    found = float(np.mean([claim.selection_bias for claim in claims if claim is not None]))
    assert found == pytest.approx(truth, abs=0.0015)


def test_a_claim_is_the_arithmetic_of_its_runs() -> None:
    """Means, the 95 % interval of Student's t (2.776 for 4 degrees of freedom), and the bias, by hand."""
    best = [trial_of(1, 0.9), trial_of(2, 0.8)]
    scores = {1: [0.80, 0.81, 0.82, 0.83, 0.84], 2: [0.70, 0.71, 0.72, 0.73, 0.76]}
    runs = [trial_of(n, s, confirms=place, test=s - 0.1) for n in (1, 2) for place, s in enumerate(scores[n], 1)]
    claim = make_claim(best, runs, METRIC)
    assert claim is not None
    half = 2.776 * np.std(scores[1], ddof=1) / np.sqrt(5)
    assert (claim.best.trial, claim.best.score.mean) == (1, pytest.approx(0.82))
    assert (claim.best.score.low, claim.best.score.high) == pytest.approx((0.82 - half, 0.82 + half), abs=1e-5)
    assert claim.selection_bias == pytest.approx(0.9 - 0.82)
    assert claim.best.test is not None
    assert claim.best.test.mean == pytest.approx(0.72)
    assert claim.worse == (2,)
    assert claim.verdicts[0].startswith("trial 1 is better than trial 2")


def test_the_best_setting_is_the_best_on_fresh_seeds() -> None:
    """Not that of the sweep; the selection bias is that of the setting that was best there."""
    best = [trial_of(1, 0.9), trial_of(2, 0.8)]
    runs = [trial_of(n, level + place / 1000, confirms=place) for n, level in ((1, 0.7), (2, 0.8)) for place in (1, 2)]
    claim = make_claim(best, runs, METRIC)
    assert claim is not None
    assert claim.best.trial == 2
    assert claim.selection_bias == pytest.approx(0.9 - 0.7015)


def test_without_a_finished_run_nothing_is_claimed() -> None:
    assert make_claim([trial_of(1, 0.9)], [], METRIC) is None


def test_fresh_seeds_are_distinct_and_depend_on_the_sweep() -> None:
    assert len({*fresh_seeds(1, 50), *fresh_seeds(2, 50)}) == 100
    assert fresh_seeds(1, 3) == fresh_seeds(1, 9)[:3]

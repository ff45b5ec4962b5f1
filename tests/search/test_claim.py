"""What a sweep claims: noise is not called a win, and the selection bias is the true one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


Noise = Callable[[np.random.Generator, int], np.ndarray]
"""The errors of settings that are trained with one seed."""


def normal(draw: np.random.Generator, n: int) -> np.ndarray:
    return draw.normal(0, NOISE, n)


def of_the_seed(draw: np.random.Generator, n: int) -> np.ndarray:
    """A seed is good or bad for all settings: the tests are paired by it."""
    return draw.normal(0, 3 * NOISE) + draw.normal(0, NOISE, n)


def heavy_tailed(draw: np.random.Generator, n: int) -> np.ndarray:
    """Now and then a training fails to learn much."""
    return draw.standard_t(3, n) * NOISE


def in_steps(draw: np.random.Generator, n: int) -> np.ndarray:
    """The accuracy on 200 examples, with many equal scores."""
    return np.round(draw.normal(0, NOISE, n) * 200) / 200


def confirmed(
    levels: Sequence[float], draw: np.random.Generator, noise: Noise = normal, n_seeds: int = N_SEEDS
) -> tuple[list[Trial], list[Trial]]:
    """The best of a simulated sweep whose settings have these true accuracies, and the runs that confirm them."""
    scores = levels + noise(draw, len(levels))
    trials = [trial_of(number, float(score)) for number, score in enumerate(scores, 1)]
    best = distinct_best(trials, [METRIC])[:N_TOP]
    runs = []
    for place in range(1, n_seeds + 1):
        errors, tested = noise(draw, N_TOP), noise(draw, N_TOP)
        for trial, error, test in zip(best, errors, tested, strict=True):
            level = levels[trial.number - 1]
            runs.append(trial_of(trial.number, float(level + error), confirms=place, test=float(level + test)))
    return best, runs


@pytest.mark.parametrize("noise", [normal, of_the_seed, heavy_tailed, in_steps])
@pytest.mark.parametrize("n_seeds", [3, 5])
def test_noise_is_called_a_win_in_at_most_one_of_twenty_sweeps(noise: Noise, n_seeds: int) -> None:
    """All settings are equally good, so that each that is called worse is a false claim."""
    draw = np.random.default_rng([n_seeds, *noise.__name__.encode()])
    claims = [make_claim(*confirmed([0.8] * 12, draw, noise, n_seeds), METRIC) for _ in range(120)]
    assert sum(claim is not None and len(claim.worse) > 0 for claim in claims) <= 120 * 0.05


def test_a_better_setting_is_not_called_worse() -> None:
    """Settings of different quality: what is called worse than the best one is worse, in 19 of 20 sweeps."""
    draw, n_false, n_claims = np.random.default_rng(4), 0, 0
    for _ in range(200):
        levels = 0.8 + draw.normal(0, NOISE, 12)
        claim = make_claim(*confirmed(levels.tolist(), draw), METRIC)
        assert claim is not None
        truth = levels[claim.best.trial - 1]
        n_claims += bool(claim.worse)
        n_false += any(levels[number - 1] >= truth for number in claim.worse)
    assert n_false <= 200 * 0.05
    assert n_claims > 20, "it does claim something"


def test_a_large_difference_is_found() -> None:
    draw = np.random.default_rng(2)
    claims = [make_claim(*confirmed([0.8, 0.9, 0.8], draw), METRIC) for _ in range(30)]
    assert all(claim is not None and claim.best.trial == 2 for claim in claims)
    assert sum(claim is not None and len(claim.worse) == 2 for claim in claims) >= 28


@pytest.mark.parametrize("spread", [0.0, 0.5, 2.0])
def test_the_selection_bias_is_near_the_truth(spread: float) -> None:
    """By how much the best score is above the true level of its setting, simulated without trials and claims.

    The more the settings differ, the less luck decides which is best.
    """
    draw = np.random.default_rng(3)
    levels = 0.8 + spread * NOISE * np.linspace(-1, 1, 12)
    scores = levels + draw.normal(0, NOISE, (50_000, 12))
    truth = float((scores.max(axis=1) - levels[scores.argmax(axis=1)]).mean())
    claims = [make_claim(*confirmed(levels.tolist(), draw), METRIC) for _ in range(200)]
    found = [claim.selection_bias for claim in claims if claim is not None]
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(truth, abs=3 * error)
    assert error < truth / 10, "it is measured well enough to tell the truth from none"


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

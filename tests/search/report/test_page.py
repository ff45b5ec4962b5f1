"""The page of a report on a sweep."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from dnnctl.commands.sweep_result import read_sweep
from dnnctl.search.report.page import build_sweep_page
from dnnctl.store.trials import Trial
from stored_trials import PLAN, store_trial

RATE, EVIL = "optimizer.learning_rate", "<script>alert(1)</script >"


def page_of(trials: list[Trial]) -> tuple[str, list[dict[str, Any]]]:
    """The page without scripts, and its charts."""
    sweep = read_sweep(trials)
    page = build_sweep_page(sweep.name, sweep.trials, plan=sweep.plan, metrics=sweep.metrics, claim=sweep.claim)
    data = re.search('id="data">(.*?)</script>', page)
    assert data is not None
    return re.sub("<script.*?</script>", "", page, flags=re.DOTALL), json.loads(data[1])["charts"]


def titles(page: str) -> list[str]:
    return re.findall("<h2[^>]*>(.*?)</h2>", page)


def test_a_confirmed_sweep_opens_with_its_claim(tmp_path: Path) -> None:
    trials = [store_trial(tmp_path, number, [0.5, number / 20]) for number in range(1, 13)]
    for number, place, value in [
        (12, 1, 0.5),
        (12, 2, 0.51),
        (12, 3, 0.52),
        (11, 1, 0.3),
        (11, 2, 0.32),
        (11, 3, 0.31),
    ]:
        trials.append(store_trial(tmp_path, number, [value], confirms=place, seed=place, test=value))
    page, charts = page_of(trials)
    assert titles(page) == [
        "Result", "History", "Importance of the parameters", "Parallel coordinates", "Slices", "Learning curves",
        "Trials", "Sweep",
    ]  # fmt: skip
    result = page[: page.index("<h2>History")]
    assert "Best: trial 12, learning_rate 0.12" in result
    assert "Selection bias: the best score in the sweep was 0.0900 better" in result
    assert "Significantly worse: trial 11" in result
    assert len(charts) == 1 + 1 + 1 + 1 + 1, "claim, history, parallel coordinates, a slice, learning curves"


def test_without_confirmation_the_best_score_is_called_too_good(tmp_path: Path) -> None:
    page, _ = page_of([store_trial(tmp_path, number, [number / 10]) for number in (1, 2)])
    assert "Best: trial 2, val_accuracy 0.2000, learning_rate 0.02" in page
    assert "No setting was confirmed" in page
    assert "2 trials with a score are too few to estimate it" in page


def test_several_objectives_give_a_front(tmp_path: Path) -> None:
    plan = {**PLAN, "objective": [{"metric": "val_accuracy"}, {"metric": "parameters"}]}
    scores = [0.5, 0.6, 0.4, 0.7]
    trials = [store_trial(tmp_path, number, [score], plan=plan) for number, score in enumerate(scores, 1)]
    page, charts = page_of(trials)
    assert titles(page)[0] == "Pareto front"
    table = page[: page.index("<h2>History")]
    assert re.findall('<th scope="row">(.*?)</th>', table) == ["1", "2", "4"]
    (chart,) = (chart for chart in charts if (chart["x"], chart["y"]) == ("val_accuracy", "parameters"))
    front = next(trace for trace in chart["traces"] if trace["name"].startswith("Pareto front"))
    assert (front["x"], front["y"], front["shape"]) == ([0.5, 0.6, 0.7], [10, 20, 40], "vh")


def test_a_sweep_without_scores_has_a_page(tmp_path: Path) -> None:
    page, charts = page_of(
        [store_trial(tmp_path, 1, [], state="failed"), store_trial(tmp_path, 2, [], state="unfinished")]
    )
    assert titles(page) == ["Result", "Trials", "Sweep"]
    assert "No trial has finished." in page
    assert charts == []


def test_names_and_values_are_text(tmp_path: Path) -> None:
    """Whatever settings, reasons and the plan hold: no foreign element is on the page."""
    plan = {**PLAN, "parameters": {EVIL: [EVIL]}, "description": EVIL}
    trials = [
        store_trial(
            tmp_path, number, [number / 20], plan=plan, setting={EVIL: EVIL, RATE: number}, state="stopped", reason=EVIL
        )
        for number in range(1, 12)
    ]
    page, charts = page_of([*trials, store_trial(tmp_path, 12, [0.5], plan=plan, setting={EVIL: EVIL, RATE: 3})])
    assert EVIL not in page
    assert page.count("<script") == 0
    assert any(EVIL in chart["x"] for chart in charts)


def test_the_parallel_coordinates_have_a_line_with_gaps_for_each_trial(tmp_path: Path) -> None:
    plan = {**PLAN, "parameters": {RATE: {"from": 0.01, "to": 0.03, "scale": "linear"}}}
    trials = [store_trial(tmp_path, number, [number / 10], plan=plan) for number in (1, 2, 3)]
    _, charts = page_of(trials)
    chart = next(chart for chart in charts if chart.get("texts"))
    assert chart["x_ticks"]["texts"] == ["learning_rate", "val_accuracy"]
    by_name = {trace["name"]: trace for trace in chart["traces"]}
    assert by_name["best trial"]["y"] == [1.0, 1.0, None], "the largest rate and the best score are at the top"
    assert by_name["other trials (2)"]["y"] == [0.5, 0.5, None, 0.0, 0.0, None]

"""The recipe at the top of a report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from attack.damage import JUNK
from dnnctl.compare.group import group_runs
from dnnctl.compare.report.recipe import ROWS, describe_recipes
from dnnctl.specs import load_spec, to_plain
from dnnctl.store.record import RunRecord
from stored import store_run

CONFIGS = Path(__file__).parents[3] / "configs"


def told(run: RunRecord) -> dict[str, str]:
    return {name: tell(run) for name, tell in ROWS.items()}


def test_a_recipe_names_optimizer_rate_schedule_batch_loss_and_network(tmp_path: Path) -> None:
    plain = to_plain(load_spec(CONFIGS / "conv.yaml"))
    found = told(store_run(tmp_path, **{key: value for key, value in plain.items() if key not in ("name", "seed")}))
    assert found["optimizer"] == "adam"
    assert found["learning rate"] == "0.001"
    assert found["batch size"] == "64"
    assert found["loss"] == "sparse_categorical_crossentropy"
    assert found["network"] == (
        "conv2d 16 → max_pool 2 → residual (conv2d 32, conv2d 32) → max_pool 2 → flatten → dense 64"
    )
    assert found["layers have"].startswith("relu, he_normal, normalization batch (position before_activation, ")


def test_a_schedule_with_its_own_rate_replaces_the_rate(tmp_path: Path) -> None:
    schedule = {"kind": "one_cycle", "max_rate": 0.02, "start": "auto", "momentum": {"high": 0.95, "low": 0.85}}
    found = told(store_run(tmp_path, schedule=schedule))
    assert found["learning rate"] == "up to 0.02"
    assert found["schedule"] == "one_cycle (momentum {high: 0.95, low: 0.85})"


@pytest.mark.parametrize("names", ["ab", "abcde"])
def test_values_that_differ_are_marked(names: str, tmp_path: Path) -> None:
    """In a table with a column for each of a few groups, or with a row for each of many."""
    runs = [
        store_run(tmp_path, name, optimizer={"kind": "sgd", "learning_rate": rate + 1}, training={"batch_size": 8})
        for rate, name in enumerate(names)
    ]
    html = describe_recipes(group_runs(runs, by_name=True))
    assert re.findall('<td class="differs">(.*?)</td>', html) == [str(rate + 1) for rate in range(len(names))]
    assert html.count("<td>8</td>") == len(names)


@pytest.mark.parametrize("junk", [None, 5, "x", [], [[1]], {}, {"kind": []}, {"kind": {"a": 1}, "b": [None]}, *JUNK])
def test_whatever_is_in_a_spec_is_told(junk: Any, tmp_path: Path) -> None:
    value = junk.decode("latin-1") if isinstance(junk, bytes) else junk
    parts = dict.fromkeys(("optimizer", "schedule", "training", "model", "loss"), value)
    run = store_run(tmp_path, **parts)
    inner = store_run(tmp_path, "b", model={"layers": [value], "defaults": {"x": value}}, training={"phases": value})
    for each in (run, inner):
        assert all(isinstance(text, str) for text in told(each).values())


def test_a_recipe_is_no_html(tmp_path: Path) -> None:
    run = store_run(tmp_path, optimizer={"kind": "<script>"}, training={"batch_size": "<b>"})
    html = describe_recipes(group_runs([run]))
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;" in html
    assert "<script>" not in html

"""`dnnctl bisect`: its plan, a line for each training, and the result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from command_line import call
from dnnctl.commands import bisect as module
from dnnctl.commands.bisect import BisectPlan, BisectResult, Trained
from dnnctl.compare.interval import Interval
from dnnctl.compare.paired_tests import Estimate
from dnnctl.search.bisection import Finding
from sample_specs import small_spec

DIFFERENCE = Estimate(-0.4, -0.5, -0.3, 0.001)
FOUND = Finding(DIFFERENCE, (1,), Interval(0.97, 0.9, 1.1), 0.002, is_minimal=True)
DOUBTFUL = Finding(DIFFERENCE, (0, 1), None, 0.03)
NOTHING = Finding(DIFFERENCE, reason="A and B do not differ significantly with 6 seeds")


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """The command on two recipes, of which the second has another momentum and batch size."""
    spec = small_spec(tmp_path)
    optimizer = {**spec["optimizer"], "momentum": 0.5}
    for name, changed in (("a", {}), ("b", {"optimizer": optimizer, "training": {"batch_size": 15, "epochs": 3}})):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({**spec, **changed, "name": name}))
    return ["bisect", str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"), "--runs-dir", str(tmp_path / "runs")]


def replace_search(monkeypatch: pytest.MonkeyPatch, finding: Finding) -> None:
    """Let the bisection find this at once."""

    def bisect(plan: BisectPlan, *, on_trained: Any, **_: Any) -> BisectResult:
        trained = Trained("B", 42, "20260101-000000-bisect-a-b-beef", "test_accuracy", 0.5)
        on_trained(trained)
        return BisectResult(plan, finding, "test_accuracy", (trained,))

    monkeypatch.setattr(module, "bisect", bisect)


def test_a_dry_run_prints_the_keys_and_the_plan(words: list[str], tmp_path: Path) -> None:
    """Nothing is written."""
    output = call(*words, "--dry-run", "--budget", 30).stdout
    assert "optimizer.momentum   0.9  0.5\ntraining.batch_size  16   15\n2 keys differ. At most 30 trainings" in output
    assert not (tmp_path / "runs").exists()
    assert json.loads(call(*words, "--dry-run", "--json").stdout)["keys"][1] == {
        "key": "training.batch_size",
        "a": 16,
        "b": 15,
    }


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        (FOUND, "training.batch_size carries the difference, p = 0.0020 with seeds that had no part in the search\n"),
        (FOUND, "explained: 97% of the difference (95 % interval 90% to 110%)\n"),
        (FOUND, "B - A: -0.4000 in test_accuracy (95 % interval -0.5000 to -0.3000)\n"),
        (DOUBTFUL, "optimizer.momentum, training.batch_size together carry the difference"),
        (DOUBTFUL, "A smaller set may carry it, too"),
        (NOTHING, "cannot tell: A and B do not differ significantly with 6 seeds\n"),
    ],
)
def test_the_result_says_how_sure_it_is(
    finding: Finding,
    sentence: str,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A line for each training, a table of the keys, and the sentences."""
    replace_search(monkeypatch, finding)
    output = call(*words).stdout
    assert sentence in output
    assert "1 of at most 40  seed 42  test_accuracy 0.5000  B\n" in output
    assert output.count("  carries\n") == (0 if finding.reason else len(finding.keys))


def test_json_has_a_line_for_each_training_and_one_for_the_result(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys have their paths."""
    replace_search(monkeypatch, FOUND)
    trained, ended = map(json.loads, call(*words, "--json").stdout.splitlines())
    assert (trained["event"], trained["score"]) == ("bisect_trained", 0.5)
    assert (ended["event"], ended["keys"], ended["p"]) == ("bisect_ended", ["training.batch_size"], 0.002)

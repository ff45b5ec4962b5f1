"""The page of a report."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from dnnctl.compare.comparison import compare_runs
from dnnctl.compare.report.page import build_page
from dnnctl.store.record import RunRecord
from stored import store_run

BY_TENTHS = np.arange(100) % 10


def page_of(runs: list[RunRecord]) -> str:
    """The page without plotly."""
    page = build_page(compare_runs(runs, by_name=True), {})
    return re.sub("<script>.*?</script>", "", page, flags=re.DOTALL)


def several(directory: Path, n: int) -> list[RunRecord]:
    return [
        store_run(directory, f"net{k}", right=k + 3 > BY_TENTHS, optimizer={"kind": "sgd", "learning_rate": k + 1})
        for k in range(n)
    ]


def test_a_page_opens_with_the_recipe_and_the_curves_and_names_the_runs(tmp_path: Path) -> None:
    page = page_of(several(tmp_path, 2))
    titles = re.findall("<h2[^>]*>(.*?)</h2>", page)
    assert titles == [
        "Recipe", "Learning curves", "Verdict", "Results", "What differs", "Runs", "Details of each run",
    ]  # fmt: skip
    assert "<h1>net0 and net1</h1>" in page
    assert re.findall('<th scope="col" class="number">(.*?)</th>', page) == ["net0", "net1"]
    assert "net1 is better than net0: +10.00 percentage points in test accuracy" in page


def test_many_verdicts_are_folded_below_the_best(tmp_path: Path) -> None:
    page = page_of(several(tmp_path, 5))
    assert "<h1>net0, net1, net2 and 2 more</h1>" in page
    best, folded = page.index("net4 has the best test accuracy"), page.index("<summary>10 comparisons</summary>")
    assert best < folded < page.index("net4 is better than net0")


def test_a_single_run_has_no_verdict_and_no_letter(tmp_path: Path) -> None:
    page = page_of(several(tmp_path, 1))
    assert "<h2>Notes</h2>" in page
    assert "The best value is bold" not in page


def test_a_diverging_run_does_not_squash_the_curves_of_the_others(tmp_path: Path) -> None:
    """The page has the ends of the axes on which the other runs are seen; learning rates are never cut off."""
    runs = several(tmp_path, 3)
    for run, loss, rate in zip(runs, (0.5, 0.4, 1e8), (0.1, 0.2, 50.0), strict=True):
        rows = [{"epoch": e, "step": e, "learning_rate": rate, "loss": loss / e, "val_loss": loss} for e in (1, 2)]
        run.folder.metrics.write_text("".join(json.dumps(row) + "\n" for row in rows))
    page = page_of([RunRecord.at(run.path) for run in runs])
    data = re.search('id="data">(.*?)</script>', page)
    assert data is not None
    assert json.loads(data[1])["limits"] == {"loss": [0.2, 0.5]}

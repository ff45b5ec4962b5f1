"""`dnnctl compare`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from command_line import call
from dnnctl.store.record import RunRecord
from stored import store_run


@pytest.mark.usefixtures("runs")
def test_compare_prints_differences_results_verdicts_and_notes() -> None:
    output = call("compare", "good", "bad").output
    for part in (
        "what differs",
        "seed",
        "results",
        "test accuracy",
        "0.9000*",
        "a is better than b: +40.00 percentage points",
        "note:",
    ):
        assert part in output
    assert "val_accuracy over epochs" in output
    assert "over training time (s)" in call("compare", "good", "bad", "--x", "time").output
    assert json.loads(call("compare", "good", "bad", "--json").output)["verdicts"][0]["better"] == "a"
    rows = list(csv.DictReader(call("compare", "good", "bad", "--csv").output.splitlines()))
    assert [row["mean"] for row in rows if row["result"] == "test accuracy"] == ["0.9", "0.5"]
    assert (
        "| test accuracy | 0.9000 **best** | 0.5000 | -0.4000 |" in call("compare", "good", "bad", "--markdown").output
    )


@pytest.mark.parametrize("summary", ['{"x": 1}', "[]", "nonsense"])
def test_a_damaged_summary_harms_no_other_run(summary: str, runs: list[RunRecord]) -> None:
    runs[1].folder.summary.write_text(summary)
    assert json.loads(call("list", "--json", "--filter", "epochs == 3").output)
    assert "damaged" in call("list").output
    for command in (["show", "bad"], ["compare", "good", "bad"]):
        done = call(*command)
        assert (done.exit_code, "damaged" in done.output) == (0, True)


def test_a_name_of_several_seeds_means_all_of_them(tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        store_run(tmp_path, "relu", accuracy=0.8 + seed / 100, seed=seed)
        store_run(tmp_path, "adam", accuracy=0.9 + seed / 99, seed=seed, optimizer="adam")
    done = call("compare", "relu", "adam", "--runs-dir", tmp_path, "--json")
    assert [len(group["runs"]) for group in json.loads(done.stdout)["groups"]] == [3, 3]
    assert done.stderr.splitlines() == [
        "note: relu means all 3 runs of its recipe.",
        "note: adam means all 3 runs of its recipe.",
    ]


def test_the_runs_of_a_group_are_listed_with_their_seeds(tmp_path: Path) -> None:
    one, two = (store_run(tmp_path, "relu", accuracy=0.8 + seed / 100, seed=seed) for seed in (1, 2))
    again = store_run(tmp_path, "relu", accuracy=0.8, seed=1)
    other = store_run(tmp_path, "adam", optimizer="adam")
    done = call("compare", "relu", "adam", "--runs-dir", tmp_path)
    assert done.stdout.splitlines()[:4] == [
        "a  2 runs of relu: seed 1, seed 2",
        f"   {again.id}  finished",
        f"   {two.id}  finished",
        f"b  {other.id}  finished",
    ]
    assert done.stderr == (
        "note: relu means all 2 runs of its recipe. 1 other run of that name is left out: "
        f"{one.id} (seed 1, finished).\n"
    )


@pytest.mark.usefixtures("runs")
def test_a_filter_on_named_runs_reports_how_many_remain() -> None:
    done = call("compare", "good", "bad", "--filter", "test_accuracy > 0.8", "--json")
    assert [len(group["runs"]) for group in json.loads(done.stdout)["groups"]] == [1]
    assert done.stderr == "note: 1 of the 2 named runs matches --filter.\n"


def test_metrics_on_different_data_are_not_subtracted(tmp_path: Path) -> None:
    store_run(tmp_path, "a", accuracy=0.8)
    store_run(tmp_path, "b", accuracy=0.9, data="other", epochs=5)
    output = call("compare", "a", "b", "--runs-dir", tmp_path).output
    rows = {line[:15].strip(): line.split() for line in output.splitlines()}
    assert rows["test accuracy"] == ["test", "accuracy", "0.8000", "0.9000"]
    assert rows["epochs"] == ["epochs", "3", "5", "+2"]
    assert "note: The data differ" in output


def test_one_recipe_alone_has_a_note(tmp_path: Path) -> None:
    runs = [store_run(tmp_path, "net", seed=seed, spec_digest="a") for seed in (1, 2)]
    note = "note: All 2 runs are of one recipe, so nothing is compared."
    assert note in call("compare", "net", "--runs-dir", tmp_path).output
    assert note not in call("compare", runs[0].path).output


@pytest.mark.usefixtures("runs")
def test_every_output_that_is_asked_for_is_written(tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    done = call("compare", "good", "bad", "--markdown", "--html", page)
    assert (done.exit_code, page.is_file(), f"report: {page}" in done.stderr) == (0, True, True)
    assert done.stdout.startswith("- a: ")
    for both in (["--json", "--csv"], ["--csv", "--markdown"]):
        done = call("compare", "good", "bad", *both)
        assert (done.exit_code, "cannot be combined" in done.stderr) == (2, True)

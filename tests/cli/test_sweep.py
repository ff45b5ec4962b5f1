"""`dnnctl sweep`, and how the other commands show a sweep. Nothing is trained here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command_line import call
from dnnctl.specs.reading.load_sweep import load_sweep, plain_sweep
from sample_specs import write_spec
from stored_trials import store_trial

VARY = ["--vary", "optimizer.learning_rate=[0.1, 0.01]", "--vary", "model.layers.1.units=[5, 6]", "--search", "grid"]


@pytest.fixture
def runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sweep `net` of four trials, of which one was stopped and one has failed; two are confirmed."""
    monkeypatch.setenv("DNNCTL_RUNS_DIR", str(tmp_path / "runs"))
    vary = ["optimizer.learning_rate=linear(0.001, 0.1)"]
    changes = {"name": "net", "objective": {"metric": "val_accuracy"}, "confirm": {"top": 2, "seeds": 2}}
    plan = plain_sweep(load_sweep(write_spec(tmp_path), vary=vary, changes=changes).sweep)
    found: list[tuple[int, list[float], dict[str, Any]]] = [
        (1, [0.5, 0.8], {}),
        (2, [0.4], {"state": "stopped", "reason": "too bad"}),
        (3, [0.6, 0.9], {}),
        (4, [], {"state": "failed"}),
    ]
    for number, curve, options in found:
        store_trial(tmp_path / "runs", number, curve, plan=plan, **options)
    for number, place, value in [(1, 1, 0.78), (1, 2, 0.79), (3, 1, 0.85), (3, 2, 0.87)]:
        store_trial(tmp_path / "runs", number, [value], plan=plan, confirms=place, seed=place, test=value - 0.1)
    return tmp_path / "runs"


def test_a_dry_run_prints_the_settings_and_writes_nothing(tmp_path: Path) -> None:
    spec = write_spec(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    done = call("sweep", spec, *VARY, "--dry-run", "--runs-dir", tmp_path / "runs")
    assert done.exit_code == 0
    assert [line.split() for line in done.stdout.splitlines()[:5]] == [
        ["trial", "learning_rate", "units"],
        ["1", "0.1", "5"],
        ["2", "0.1", "6"],
        ["3", "0.01", "5"],
        ["4", "0.01", "6"],
    ]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_dry_run_of_a_search_that_learns_prints_what_is_known(tmp_path: Path) -> None:
    words = ["--vary", "optimizer.learning_rate=log(1e-3, 1e-1)", "--search", "tpe", "--trials", "30", "--dry-run"]
    done = call("sweep", write_spec(tmp_path), *words)
    assert "the other 20 settings depend on the results" in done.stdout
    as_json = call("sweep", write_spec(tmp_path), *words, "--json")
    settings = [json.loads(line) for line in as_json.stdout.splitlines()]
    assert [each["trial"] for each in settings] == list(range(1, 11))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--vary", "optimizer.learning_rate=[0.1, -1]"], "optimizer.learning_rate: must be greater than 0"),
        (["--vary", "optimizer.learning_rat=[0.1]"], "Did you mean `learning_rate`?"),
        (["--vary", "seed=[1]", "--search", "bayes"], "Allowed: grid, random, sobol, csv, tpe, cma_es"),
        (["--vary", "seed=[1]", "--objective", "test_accuracy"], "Use val_accuracy"),
        (["--vary", "seed=[1]", "--search", "grid", "--trials", "3"], "unknown key 'trials'"),
        ([], "unknown key 'data'"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_written(words: list[str], message: str, tmp_path: Path) -> None:
    done = call("sweep", write_spec(tmp_path), *words, "--runs-dir", tmp_path / "runs")
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) <= 20
    assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("runs_dir")
def test_show_prints_the_trials_and_the_claim() -> None:
    done = call("show", "net")
    assert done.exit_code == 0, done.output
    table = done.stdout[done.stdout.index("trial  state") :].splitlines()
    assert [line.split()[0] for line in table[1:5]] == ["3", "1", "2", "4"]
    assert "stopped at 1" in table[3]
    assert "2 finished, 1 stopped, 1 failed" in done.stdout
    assert "best: trial 3, learning_rate 0.03" in done.stdout
    assert "was 0.0400 better than the same setting with fresh seeds" in done.stdout


def test_show_prints_the_front_of_several_objectives(tmp_path: Path) -> None:
    """Its trials, and numbers of parameters as whole numbers."""
    plan = {"objective": [{"metric": "val_accuracy"}, {"metric": "parameters"}], "search": {"kind": "random"}}
    for number, accuracy in ((1, 0.5), (200, 0.9), (300, 0.7)):
        store_trial(tmp_path, number, [accuracy], plan=plan)
    lines = call("show", "net", "--runs-dir", tmp_path).stdout.splitlines()
    assert "Pareto front  trial 1, trial 200" in lines
    assert "next          dnnctl report net, or dnnctl compare net" in lines
    assert [line.split()[:4] for line in lines[-3:]] == [
        ["200", "finished", "0.9000", "2,000"],
        ["1", "finished", "0.5000", "10"],
        ["300", "finished", "0.7000", "3,000"],
    ]


@pytest.mark.usefixtures("runs_dir")
def test_show_cannot_follow_a_sweep() -> None:
    done = call("show", "net", "--follow")
    assert (done.exit_code, "dnnctl list --sweep net" in done.stderr) == (2, True)


@pytest.mark.usefixtures("runs_dir")
def test_show_as_json_has_every_trial() -> None:
    found = json.loads(call("show", "net", "--json").stdout)
    assert [each["state"] for each in found["trials"]] == ["finished", "stopped", "finished", "failed"]
    assert found["trials"][1]["reason"] == "too bad"
    assert found["claim"]["selection_bias"] == pytest.approx(0.04)
    assert found["best"] == [3]


@pytest.mark.usefixtures("runs_dir")
def test_list_shows_the_runs_of_a_sweep_with_their_settings() -> None:
    rows = json.loads(call("list", "--sweep", "net", "--json").stdout)
    assert [row["trial"] for row in rows] == [1, 2, 3, 4, 1, 1, 3, 3]
    assert call("list", "--sweep", "nett").exit_code == 2
    filtered = json.loads(call("list", "--filter", "sweep == net and trial == 3", "--json").stdout)
    assert len(filtered) == 3


@pytest.mark.usefixtures("runs_dir")
def test_compare_takes_the_confirmed_runs_of_a_sweep() -> None:
    done = call("compare", "net", "--json")
    assert done.exit_code == 0, done.output
    groups = json.loads(done.stdout)["groups"]
    assert [len(group["runs"]) for group in groups] == [2, 2]
    assert "by their runs with fresh seeds" in done.stderr


def test_a_run_that_was_stopped_says_by_what(runs_dir: Path) -> None:
    (run,) = runs_dir.glob("*net-0002*")
    shown = call("show", run.name).stdout
    assert "net, trial 2" in shown
    assert "by the sweep: too bad" in shown


def test_a_name_that_a_run_has_means_the_run(runs_dir: Path) -> None:
    (run,) = runs_dir.glob("*net-0003-00*")
    assert call("show", "net-0003").stdout.startswith(f"run         {run.name}")


@pytest.mark.parametrize("objective", [None, [], "val_loss", {"metric": 3}, [{"metric": "val_loss"}, 3]])
def test_a_damaged_plan_ends_in_words(objective: Any, tmp_path: Path) -> None:
    store_trial(tmp_path, 1, [0.5], plan={"objective": objective})
    for words in (["show", "net"], ["show", "net", "--json"], ["compare", "net"]):
        done = call(*words, "--runs-dir", tmp_path)
        assert done.exit_code == 2
        assert "trial.plan has no objective" in done.output

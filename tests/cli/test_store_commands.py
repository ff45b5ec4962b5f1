"""`list`, `compare`, `report` and `remove`, as their users call them."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from dnnctl.cli.app import app
from dnnctl.cli.list_runs import fit_columns
from dnnctl.store.catalog import list_runs
from dnnctl.store.facts import PrunedFacts, ReuseFacts
from dnnctl.store.files import append_json_line
from dnnctl.store.json_object import plain
from dnnctl.store.lock import hold
from dnnctl.store.record import RunRecord
from stored import add_facts, store_run

SCRIPT = "<script>alert(1)</script >"
NETS = (("good", 9, "auto"), ("bad", 5, "mse"))
"""For each run its name, how many of ten test examples it gets right, and its loss."""


def call(*arguments: Any) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[RunRecord]:
    """Two finished runs: `good` and then `bad`, which has another loss."""
    directory = tmp_path / "runs"
    monkeypatch.setenv("DNNCTL_RUNS_DIR", str(directory))
    rest = np.arange(400) % 10
    good, bad = (store_run(directory, name, right=rest < n, seed=n, loss=loss) for name, n, loss in NETS)
    bad.folder.summary.write_text(json.dumps({**plain(bad.summary), "loss": "mse"}))
    return [good, RunRecord(bad.folder)]


def test_list_shows_the_newest_first_and_sorts_the_best_first(runs: list[RunRecord]) -> None:
    def names(*options: str) -> list[str]:
        return [row["name"] for row in json.loads(call("list", "--json", *options).output)]

    assert names() == ["bad", "good"] or runs[0].id[:15] == runs[1].id[:15]
    assert names("--sort", "val_accuracy") == ["good", "bad"]
    assert names("--sort", "test_loss", "-n", "1") in (["good"], ["bad"])
    assert names("--filter", "test_accuracy > 0.8") == ["good"]


@pytest.mark.usefixtures("runs")
def test_list_shows_chosen_columns_as_text_and_csv() -> None:
    output = call("list", "--columns", "name,optimizer.learning_rate,test_accuracy", "--sort", "test_accuracy").output
    assert [line.split() for line in output.splitlines()] == [
        ["name", "optimizer.learning_rate", "test_accuracy"], ["good", "0.1000", "0.9000"], ["bad", "0.1000", "0.5000"],
    ]  # fmt: skip
    rows = list(csv.DictReader(call("list", "--csv", "--columns", "+seed", "--disk").output.splitlines()))
    assert {row["name"]: row["seed"] for row in rows} == {"good": "9", "bad": "5"}
    assert all(int(row["bytes"]) > 1000 for row in rows)
    done = call("list", "--columns", "nmae")
    assert (done.exit_code, "Did you mean name" in done.stderr) == (2, True)


def test_a_narrow_terminal_goes_without_the_columns_that_say_least() -> None:
    texts = {name: ["x" * n] for name, n in (("id", 20), ("name", 10), ("status", 8), ("best", 30), ("age", 5))}
    assert list(fit_columns(texts, 81)) == list(texts)
    assert list(fit_columns(texts, 80)) == ["id", "status", "best", "age"]
    assert list(fit_columns(texts, 10)) == ["id", "status"]


def test_what_a_run_was_made_from_is_told(runs: list[RunRecord], tmp_path: Path) -> None:
    """Reused layers, pretraining, weights set to zero: by show, compare and report."""
    good, bad = runs
    add_facts(good, reuse=ReuseFacts("/e/model.keras", "0", "elder", ("dense_1",)))
    for part, epoch, loss in (("dense_1", 1, 0.5), ("dense_1", 2, 0.4), ("dense_2", 1, 0.7)):
        append_json_line(good.folder.pretraining, {"epoch": epoch, "step": 1, "seconds": 1, "part": part, "loss": loss})
    add_facts(bad, pruned=PrunedFacts(good.id, 0.1, 0.8))
    shown = call("show", "good").output
    assert re.search(r"^reuses +dense_1 of elder$", shown, re.MULTILINE)
    assert re.search(r"^pretraining dense_1 +loss 0\.4000 after 2 epochs$", shown, re.MULTILINE)
    assert f"{good.id}: 80.0% of the kernel weights are zero" in call("show", "bad").output
    assert f"b is {good.id} with 80% of its kernel weights set to zero." in call("compare", "good", "bad").output
    assert call("report", "good", "bad", "-o", tmp_path / "r.html").exit_code == 0
    page = (tmp_path / "r.html").read_text()
    assert "It started with dense_1 of elder." in page
    assert f"Pruned from {good.id}: 80.0% of the kernel weights are zero." in page


def test_damaged_and_foreign_folders_are_shown_as_such(runs: list[RunRecord]) -> None:
    directory = runs[0].path.parent
    (directory / "notes").mkdir()
    for number, content in enumerate(["", "[]", '{"device": 5, "spec": 7, "data": 3}']):
        path = directory / f"20200101-00000{number}-broken-0000"
        path.mkdir()
        (path / "run.json").write_text(content)
        (path / "metrics.jsonl").write_bytes(b"\xff\xfe{\n{\n")
    done = call("list", "--columns", "+device")
    assert done.exit_code == 0
    assert done.output.count("damaged") == 3
    assert "no runs, passed over: notes" in done.stderr


def test_sections_of_the_spec_can_be_columns(runs: list[RunRecord]) -> None:
    output = call("list", "--columns", "name,model,model.layers[1].units,data", "--filter", "name == good").output
    assert "{defaults: {activation: relu}, layers: [flatten, {kind: dense, units: 8}]}" in output
    assert runs


@pytest.mark.parametrize("summary", ['{"x": 1}', "[]", "nonsense"])
def test_a_damaged_summary_harms_no_other_run(summary: str, runs: list[RunRecord]) -> None:
    runs[1].folder.summary.write_text(summary)
    assert json.loads(call("list", "--json", "--filter", "epochs == 3").output)
    assert "damaged" in call("list").output
    for command in (["show", "bad"], ["compare", "good", "bad"]):
        done = call(*command)
        assert (done.exit_code, "damaged" in done.output) == (0, True)


@pytest.mark.usefixtures("runs")
def test_compare_says_what_differs_what_came_out_and_what_it_means() -> None:
    output = call("compare", "good", "bad").output
    for part in ("what differs", "seed", "test accuracy", "0.9000*", "a is better than b: +40.00 points", "note:"):
        assert part in output
    assert "val_accuracy over epochs" in output
    assert "over seconds" in call("compare", "good", "bad", "--x", "time").output
    assert json.loads(call("compare", "good", "bad", "--json").output)["verdicts"][0]["better"] == "a"
    rows = list(csv.DictReader(call("compare", "good", "bad", "--csv").output.splitlines()))
    assert [row["mean"] for row in rows if row["result"] == "test accuracy"] == ["0.9", "0.5"]
    assert (
        "| test accuracy | 0.9000 **best** | 0.5000 | -0.4000 |" in call("compare", "good", "bad", "--markdown").output
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare"], "Which runs?"),
        (["compare", "good", "nix"], "No run 'nix'"),
        (["compare", "good", "--x", "steps"], "Allowed: epoch, time"),
        (["compare", "--filter", "epochs > 99"], "No run fits"),
        (["list", "--sort", "val_acc"], "Did you mean val_accuracy"),
        (["show", "../../etc"], "No run"),
        (["show", "../runs/x/../../etc/passwd"], "No run"),
        (["remove", "good"], "add --yes"),
        (["remove", "--purge", "good"], "name no runs"),
        (["remove", "--purge", "--keep-best", "1"], "name no runs"),
        (["remove", "--restore", "--filter", "epochs > 1"], "knows no --filter"),
        (["remove", "--keep-best", "1", "good", "bad", "--yes"], "different losses"),
        (["list", "--csv", "--json"], "exclude each other"),
        (["report", "good", "-o", "/nowhere/r.html"], "Cannot write"),
    ],
)
@pytest.mark.usefixtures("runs")
def test_wrong_input_is_a_clear_error(arguments: list[str], message: str) -> None:
    done = call(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_links_out_of_the_store_are_not_followed(runs: list[RunRecord], tmp_path: Path) -> None:
    elsewhere = store_run(tmp_path / "elsewhere", "secret")
    link = runs[0].path.parent / elsewhere.id
    link.symlink_to(elsewhere.path)
    assert call("show", "secret").exit_code == 2
    assert "is a link" in call("show", link).stderr


def test_removed_runs_come_back_until_the_trash_is_emptied(runs: list[RunRecord]) -> None:
    good, bad = runs
    assert "would remove" in call("remove", "bad", "--dry-run").output
    assert bad.path.is_dir()
    assert call("remove", "bad", "--yes").exit_code == 0
    assert [run.id for run in list_runs(good.path.parent)] == [good.id]
    assert call("remove", "--restore", "bad").exit_code == 0
    assert bad.path.is_dir()
    call("remove", "bad", "--yes")
    assert f"deleted {bad.id}" in call("remove", "--purge", "--yes").output
    assert not list(good.path.parent.rglob(bad.id))
    assert "nothing to restore" in call("remove", "--restore").output


def test_the_best_are_kept(runs: list[RunRecord]) -> None:
    store_run(runs[0].path.parent, "best", epochs=9)
    bad = {**plain(runs[1].summary), "loss": "sparse_categorical_crossentropy"}
    runs[1].folder.summary.write_text(json.dumps(bad))
    assert call("remove", "--keep-best", "1", "--yes").exit_code == 0
    assert [run.name for run in list_runs(runs[0].path.parent)] == ["best"]


def test_a_run_that_is_being_trained_is_not_removed(runs: list[RunRecord]) -> None:
    good = runs[0]
    good.folder.summary.unlink()
    with hold(good.folder.lock):
        done = call("remove", "good", "bad", "--yes")
    assert (done.exit_code, "being trained" in done.stderr) == (2, True)
    assert all(run.path.is_dir() for run in runs)


def test_a_report_is_one_file_that_loads_nothing_and_runs_no_foreign_code(
    runs: list[RunRecord], tmp_path: Path
) -> None:
    facts = json.loads(runs[0].folder.run.read_text())
    facts["host"] = facts["command"][0] = SCRIPT
    facts["spec"]["optimizer"]["kind"] = facts["parent"] = None
    facts["spec"]["model"]["defaults"]["activation"] = SCRIPT
    facts["layers"] = [[SCRIPT, SCRIPT, 3]]
    runs[0].folder.run.write_text(json.dumps(facts))
    rows = runs[0].folder.metrics.read_text().replace('"accuracy"', f'"{SCRIPT}": 1, "accuracy"')
    runs[0].folder.metrics.write_text(rows)
    done = call("report", "good", "bad", "-o", tmp_path / "r.html")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "r.html").read_text()
    assert len(page) < 6_000_000
    assert SCRIPT not in page
    data = re.search(r'<script type="application/json" id="data">(.*?)</script[\s/>]', page, flags=re.DOTALL)
    assert data is not None
    assert SCRIPT in json.loads(data[1])["curves"][0]["rows"], "a script element ends where HTML says that it ends"
    own = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"(?:src|href)=[\"'](?!data:|#)", own)
    assert "default-src 'none'" in page
    assert "a is better than b" in page


@pytest.mark.usefixtures("runs")
def test_without_plotly_the_report_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnnctl.compare.report.page.find_spec", lambda _: None)
    done = call("report", "good")
    assert (done.exit_code, "pip install 'dnnctl[report]'" in done.stderr) == (2, True)


HEAVY_POISONED = """
import sys
for name in ("tensorflow", "keras"):
    sys.modules[name] = None
from dnnctl.cli.app import app
app(sys.argv[1:])
"""


@pytest.mark.parametrize(
    "arguments", [["compare", "good", "bad"], ["report", "good", "-o", "r.html"], ["show", "good"]]
)
@pytest.mark.usefixtures("runs")
def test_no_framework_is_loaded(arguments: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-c", HEAVY_POISONED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")

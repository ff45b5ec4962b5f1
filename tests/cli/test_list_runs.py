"""`dnnctl list`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from command_line import call
from dnnctl.store.blueprint import Blueprint
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter


def test_list_names_runs_status_and_metrics(finished: RunRecord) -> None:
    with RunWriter.create(finished.path.parent, Blueprint("other", "cafe", "", "")) as writer:
        lost = writer.read()
    done = call("list", "--runs-dir", finished.path.parent)
    assert done.stderr == f"note: a lost run was killed in training. To continue it: dnnctl resume {lost.id}\n"
    assert [line.split()[:3] for line in done.stdout.splitlines()] == [
        ["id", "name", "status"], [lost.id, "other", "lost"], [finished.id, "net", "finished"],
    ]  # fmt: skip
    assert "accuracy 0.9000" in done.output
    assert "1 min 15 s" in done.output
    rows = json.loads(call("list", "--json", "--runs-dir", finished.path.parent).output)
    assert rows[1]["test"] == {"loss": 0.5, "accuracy": 0.9}
    assert len(json.loads(call("list", "--json", "-n", "1", "--runs-dir", finished.path.parent).output)) == 1


def test_list_without_runs_says_how_to_make_one(tmp_path: Path) -> None:
    assert "dnnctl train" in call("list", "--runs-dir", tmp_path).output
    assert json.loads(call("list", "--json", "--runs-dir", tmp_path).output) == []


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


@pytest.mark.usefixtures("runs")
def test_a_narrow_terminal_shows_the_most_important_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnnctl.cli.table.terminal_width", lambda *_: 58)
    lines = call("list").stdout.splitlines()
    assert lines[0].split() == ["id", "status", "best"]
    assert max(map(len, lines)) <= 58
    note = " ".join(lines[3:])
    assert note == "not shown at this width: name, epochs, best_epoch, test, seconds, age (--columns chooses columns)"


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
    assert "skipped folders that are not runs: notes" in done.stderr


def test_sections_of_the_spec_can_be_columns(runs: list[RunRecord]) -> None:
    output = call("list", "--columns", "name,model,model.layers[1].units,data", "--filter", "name == good").output
    assert "{defaults: {activation: relu}, layers: [flatten, {kind: dense, units: 8}]}" in output
    assert runs

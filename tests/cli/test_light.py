"""The light commands: quick because nothing heavy is imported, and clear about what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dnnctl import __version__
from dnnctl.cli.app import app
from dnnctl.store.blueprint import Blueprint
from dnnctl.store.files import append_json_line, write_json
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter
from sample_specs import write_spec

SELU = Path(__file__).parents[2] / "configs" / "selu.yaml"

POISONED = """
import sys
for name in ("tensorflow", "keras", "numpy"):
    sys.modules[name] = None
from dnnctl.cli.app import app
app(sys.argv[1:])
"""


def call(*arguments: str) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def run(tmp_path: Path) -> RunRecord:
    with RunWriter.create(tmp_path / "runs", Blueprint("net", "beef", "spec: 1\n", "source: 1\n", seed=3)) as writer:
        record = writer.read()
    row = {"epoch": 1, "step": 10, "seconds": 0.5, "learning_rate": 0.1, "loss": 0.7, "accuracy": 0.8, "val_loss": None}
    append_json_line(record.folder.metrics, row)
    return record


@pytest.fixture
def finished(run: RunRecord) -> RunRecord:
    summary = {
        "stopped_early": False, "epochs": 1, "best_epoch": 1, "monitor": "val_loss", "seconds": 75.0,
        "validation": None, "test": {"loss": 0.5, "accuracy": 0.9},
    }  # fmt: skip
    write_json(run.folder.summary, summary)
    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["train", "--help"],
        ["check", str(SELU)],
        ["init", "--preset", "list", "x.yaml"],
        ["check", "--json", str(SELU)],
        ["schema"],
        ["list"],
        ["show"],
        ["show", "--json", "net"],
        ["list", "--filter", "epochs == 1"],
        ["remove", "--dry-run", "net"],
        ["remove", "net", "--yes"],
    ],
    ids=" ".join,
)
def test_light_commands_import_nothing_heavy(arguments: list[str], finished: RunRecord) -> None:
    environment = {"DNNCTL_RUNS_DIR": str(finished.path.parent), "PATH": "", "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-c", POISONED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_importing_dnnctl_loads_nothing_heavy() -> None:
    heavy = ("tensorflow", "keras", "numpy", "pydantic", "rich")
    code = f"import sys, dnnctl; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_command_has_help() -> None:
    names = [command.name for command in app.registered_commands]
    assert names == [
        "init", "train", "resume", "fork", "evaluate", "predict", "prune", "verify-resume", "find-rate", "check",
        "schema", "list", "show", "compare", "report", "remove", "doctor",
    ]  # fmt: skip
    overview = call("--help").output
    for name in names:
        assert name in overview
        assert call(name, "--help").exit_code == 0


def test_the_version_is_printed() -> None:
    assert call("--version").output == f"dnnctl {__version__}\n"


def test_a_fine_spec_is_called_fine(tmp_path: Path) -> None:
    done = call("check", SELU, write_spec(tmp_path))
    assert done.exit_code == 0
    assert done.output.count(": fine") == 2


def test_check_prints_the_faults_of_every_spec(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("trainig: {}\n")
    done = call("check", SELU, bad, tmp_path / "missing.yaml")
    assert done.exit_code == 2
    assert f"{SELU}: fine" in done.stdout
    assert f"{bad}:1:1: trainig: unknown key 'trainig'." in done.stderr
    assert "Did you mean `training`?" in done.stderr
    assert "missing.yaml: no such file." in done.stderr
    assert "Traceback" not in done.output


def test_check_as_json_names_places(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("trainig: {}\n")
    first, second = json.loads(call("check", "--json", SELU, bad).stdout)
    assert first["is_fine"]
    found = [(fault["path"], fault["rule"], fault["place"]["line"]) for fault in second["faults"]]
    assert ("trainig", "unknown key 'trainig'", 1) in found


def test_check_takes_overrides() -> None:
    assert call("check", SELU, "--set", "training.epochs=3").exit_code == 0
    done = call("check", SELU, "--set", "training.epoch=3")
    assert done.exit_code == 2
    assert "--set training.epoch=3: training.epoch: unknown key 'epoch'." in done.stderr


def test_the_schema_can_be_written_to_a_file(tmp_path: Path) -> None:
    assert call("schema", "-o", tmp_path / "schema.json").exit_code == 0
    assert json.loads((tmp_path / "schema.json").read_text())["title"] == "Spec"
    assert call("schema", "-o", tmp_path / "no" / "schema.json").exit_code == 2


def test_list_names_runs_status_and_metrics(finished: RunRecord) -> None:
    with RunWriter.create(finished.path.parent, Blueprint("other", "cafe", "", "")) as writer:
        lost = writer.read()
    done = call("list", "--runs-dir", finished.path.parent)
    assert [line.split()[:3] for line in done.output.splitlines()] == [
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


def test_show_tells_a_run(finished: RunRecord) -> None:
    output = call("show", "net", "--runs-dir", finished.path.parent).output
    for part in (finished.id, "finished", "loss 0.5000  accuracy 0.9000", "metrics.jsonl", "0.7000", "—"):
        assert part in output
    facts = json.loads(call("show", str(finished.path), "--json").output)
    assert (facts["status"], facts["seed"], facts["metrics"][0]["loss"]) == ("finished", 3, 0.7)


def test_show_gives_the_reason_of_a_failure(run: RunRecord) -> None:
    append_json_line(run.folder.history, {"event": "ended", "end": "failed", "reason": "no data"})
    assert "failed: no data" in call("show", "--runs-dir", run.path.parent).output


def test_an_unknown_run_is_an_error_of_the_user(run: RunRecord) -> None:
    done = call("show", "nett", "--runs-dir", run.path.parent)
    assert done.exit_code == 2
    assert "Did you mean net?" in done.stderr


@pytest.mark.parametrize("arguments", [["trian"], ["train"], ["train", str(SELU), "--epochs", "3"], ["show", "a", "b"]])
def test_wrong_words_are_exit_code_2(arguments: list[str]) -> None:
    done = call(*arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.output

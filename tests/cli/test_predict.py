"""`dnnctl predict`: its options, files and words; the predictions are tested with the commands."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import call
from dnnctl.store.record import RunRecord

INPUTS = "x.csv"


class Fake:
    """Predictions of 30 rows, in two batches."""

    names = ("row", "prediction", "p_a")
    altered = ("model.keras",)

    def __init__(self, run: RunRecord) -> None:
        self.run = run
        self.n_rows = 0

    def batches(self) -> Iterator[dict[str, Any]]:
        for first in (0, 25):
            n = 25 if first == 0 else 5
            self.n_rows += n
            rows = list(range(first + 1, first + n + 1))
            yield {"row": rows, "prediction": ["a\x1b"] * n, "p_a": np.full(n, 0.1, np.float32)}

    def notes(self) -> list[str]:
        return ["some rows are odd"]


@pytest.fixture
def opened(runs: list[RunRecord], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Runs with models, and the calls of the function that would load them."""
    calls: list[dict[str, Any]] = []
    for run in runs:
        run.folder.model.write_bytes(b"model")

    def open_prediction(run: RunRecord, inputs: list[str], **options: Any) -> Fake:
        calls.append({"run": run.id, "inputs": inputs, **options})
        return Fake(run)

    monkeypatch.setattr("dnnctl.commands.predict.open_prediction", open_prediction)
    return calls


def test_the_options_reach_the_prediction(opened: list[dict[str, Any]]) -> None:
    names, choices = ["--keep", "id,name", "--keep", "x"], ["--weights", "last", "--mc-samples", 3, "--explain"]
    assert call("predict", "good", "a.png", "b.png", *names, *choices).exit_code == 0
    (found,) = opened
    assert "-good-" in found.pop("run")
    assert found == {
        "inputs": ["a.png", "b.png"], "keep": ["id", "name", "x"], "weights": "last", "mc_samples": 3, "explain": True,
        "accept_altered": False,
    }  # fmt: skip


@pytest.mark.usefixtures("opened")
def test_a_pipe_gets_all_rows_as_csv_and_notes_go_to_standard_error() -> None:
    done = call("predict", "good", INPUTS)
    lines = done.stdout.splitlines()
    assert (lines[:2], len(lines)) == (["row,prediction,p_a", "1,a\\x1b,0.1"], 31)
    assert "altered since training: model.keras" in done.stderr
    assert "some rows are odd" in done.stderr


@pytest.mark.usefixtures("opened")
def test_json_is_one_object_per_row() -> None:
    rows = [json.loads(line) for line in call("predict", "good", INPUTS, "--json").stdout.splitlines()]
    assert (len(rows), rows[0]["row"], rows[29]["prediction"]) == (30, 1, "a\x1b")


@pytest.mark.usefixtures("opened")
def test_a_terminal_gets_the_first_rows_as_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dnnctl.cli.predict import predict_command

    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    predict_command("good", [INPUTS])
    lines = re.sub(r"\x1b\[\d+m", "", capsys.readouterr().out).splitlines()
    assert lines[0].split() == ["row", "prediction", "p_a"]
    assert lines[1].split() == ["1", "a\\x1b", "0.1000"]
    assert len(lines) == 22
    assert "first 20 rows. Write all with -o FILE" in lines[-1]


def test_nothing_is_overwritten_unless_forced(opened: list[dict[str, Any]], tmp_path: Path) -> None:
    output = tmp_path / "p.csv"
    done = call("predict", "good", INPUTS, "-o", output)
    assert "p.csv (30 rows: row, prediction, p_a)" in done.stdout.replace("\n", " ")
    before = output.read_bytes()
    assert before.count(b"\n") == 31
    for path in (output, tmp_path / "link.csv"):
        if path != output:
            path.symlink_to("nowhere")
        done = call("predict", "good", INPUTS, "-o", path)
        assert (done.exit_code, "--force" in done.stderr, output.read_bytes() == before) == (2, True, True)
    assert len(opened) == 1
    done = call("predict", "good", INPUTS, "-o", output, "--force", "--json")
    facts = json.loads(done.stdout)
    assert (facts["n"], facts["columns"], facts["altered"]) == (30, list(Fake.names), ["model.keras"])


def test_an_unknown_ending_is_refused_before_anything_is_loaded(opened: list[dict[str, Any]], tmp_path: Path) -> None:
    done = call("predict", "good", INPUTS, "-o", tmp_path / "p.xlsx")
    assert (done.exit_code, ".csv, .parquet, .jsonl, .npz" in done.stderr, opened) == (2, True, [])


@pytest.mark.heavy
def test_standard_input_is_json_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of a file through a pipe give what the run recorded."""
    from dnnctl.commands.train import train
    from sample_specs import small_spec, write_spec

    run = train(write_spec(tmp_path, training={"batch_size": 16, "epochs": 1}), runs_dir=tmp_path / "runs")
    with np.load(small_spec(tmp_path)["data"]["source"]["path"]) as data:
        lines = [json.dumps({"inputs": rows}) for rows in data["x_test"].tolist()]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\n".join(lines).encode())))
    from dnnctl.commands.predict import predict

    found = predict(run, "-")
    with np.load(run.folder.predictions) as file:
        np.testing.assert_array_equal(np.stack([found[f"p_{n}"] for n in range(3)], axis=1), file["test_predictions"])

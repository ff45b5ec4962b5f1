"""`dnnctl probe`, and what `show` prints of a run's measurements."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import pytest

from command_line import call
from dnnctl.advice.diagnosis import Diagnosis
from dnnctl.cli.probe import as_object, in_brief, print_probed
from dnnctl.cli.probed_epochs import verdicts_in_brief
from dnnctl.commands.probe import Probed
from dnnctl.store.files import append_json_line
from dnnctl.store.layer_statistics import LayerStatistics, Measurement, rows_of
from dnnctl.store.record import RunRecord
from sample_specs import write_spec

LAYER = LayerStatistics("dense_1", "relu", mean=0.5, deviation=1.0, dead=0.0, saturated=0.0, gradient=0.1)


def layers(n: int = 2) -> tuple[LayerStatistics, ...]:
    hidden = (replace(LAYER, layer=f"dense_{number}") for number in range(1, n + 1))
    return (*hidden, replace(LAYER, layer="output", activation="softmax"))


def test_names_of_neighbours_are_joined() -> None:
    def brief(*numbers: int) -> str:
        return in_brief([f"dense_{number}" for number in numbers], layers(20))

    assert brief(1, 2, 3, 5) == "dense_1 to dense_3, dense_5"
    assert brief(*range(1, 21)) == "dense_1 to dense_20"
    assert brief(19, 20) == "dense_19, dense_20"


def test_deep_nets_are_printed_in_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = tuple(f"dense_{number}" for number in range(1, 90))
    bad = Measurement(100, layers(100), "vanishing", names, "gradients fade", 2.3)
    print_probed(Probed("x", Diagnosis("vanishing", names, "gradients fade"), (bad, bad), (), 512, 32, 0.1, None))
    output = capsys.readouterr().out
    assert "verdict: vanishing in dense_1 to dense_89\nreason:  gradients fade\n" in output
    assert "after 100 steps: vanishing, loss 2.3, first to last gradient 1" in output
    strips = [line for line in output.splitlines() if "██" in line]
    assert max(map(len, strips)) <= 80
    assert output.count("dense_100") == 2
    assert "dense_50 " not in output


def test_the_json_has_no_infinite_numbers() -> None:
    bad = Measurement(0, (replace(LAYER, gradient=nan),), "exploding", ("dense_1",))
    found = as_object(Probed("x", Diagnosis("exploding", ("dense_1",)), (bad,), (), 1, 1, 0.1, 3))
    text = json.dumps(found, allow_nan=False)
    assert json.loads(text)["measurements"][0]["layers"][0]["gradient"] is None
    assert (found["verdict"], found["diverged_at"]) == ("exploding", 3)


def test_wrong_input_is_refused(tmp_path: Path) -> None:
    for words, message in {
        ("nothing.yaml",): "nothing.yaml",
        ("nothing", "--runs-dir", str(tmp_path)): "no runs",
        ("last", "--set", "seed=3", "--runs-dir", str(tmp_path)): "--set: it changes a spec",
        ("last", "--weights", "first"): "--weights first: allowed are best and last",
    }.items():
        done = call("probe", *words)
        assert (done.exit_code, done.stdout) == (2, "")
        assert message in done.stderr


def add_measurements(run: RunRecord, *verdicts: Any) -> None:
    for epoch, verdict in enumerate(verdicts, 1):
        blamed = () if verdict == "healthy" else ("dense_1",)
        for row in rows_of(Measurement(epoch, layers(), verdict, blamed, epoch=epoch)):
            append_json_line(run.folder.probe, row)


def test_show_prints_the_verdict_of_each_epoch(run: RunRecord) -> None:
    add_measurements(run, "healthy", "healthy", "dead")
    output = call("show", str(run.path)).output
    assert "layers: healthy after epochs 1 to 2, dead after epoch 3" in output
    assert re.search(r"gradient +0\.1 ███ 0\.1", output)
    rows = json.loads(call("show", str(run.path), "--json").output)["probe"]
    assert [row["layer"] for row in rows] == ["dense_1", "dense_2", "output"] * 3
    assert rows[6]["verdict"] == "dead"


def test_verdicts_in_brief_keep_the_order() -> None:
    found = [
        Measurement(0, layers(), verdict, epoch=epoch) for epoch, verdict in ((2, "dead"), (4, "healthy"), (6, "dead"))
    ]
    assert verdicts_in_brief(found) == "dead after epoch 2, healthy after epoch 4, dead after epoch 6"


@pytest.mark.heavy
def test_a_spec_is_probed_and_a_page_is_written(tmp_path: Path) -> None:
    spec, page = write_spec(tmp_path), tmp_path / "net.html"
    done = call("probe", spec, "--steps", 3, "-o", page, "--runs-dir", tmp_path / "runs")
    assert done.exit_code == 0
    for part in (
        "probe: 96 training examples in batches of 32, 3 steps",
        "verdict: healthy",
        "before the first step",
        "output",
    ):
        assert part in done.stdout
    assert "after 3 steps" in page.read_text()
    file = tmp_path / "net.json"
    assert call("probe", spec, "--steps", 0, "--json", "-o", file).stdout == ""
    assert json.loads(file.read_text())["measurements"][0]["step"] == 0
    assert not (tmp_path / "runs").exists()

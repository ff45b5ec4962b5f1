"""`dnnctl export`: its options and words; exports themselves are tested with the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command_line import call
from dnnctl.cli.export import describe_check
from dnnctl.commands.export import Export
from dnnctl.store.facts import ExportFacts
from dnnctl.store.record import RunRecord

EXACT = ExportFacts("onnx", "", n_rows=256, difference=1.2e-7, relative=1.2e-7, changed=0, runtime="onnxruntime 1.32")
MEASURED = {"before": {"accuracy": 0.9}, "after": {"accuracy": 0.8}}
QUANTIZED = ExportFacts("litert", "", quantize="int8", n_rows=9, difference=0.1, changed=2, **MEASURED)


@pytest.fixture
def exported(runs: list[RunRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Runs with models, and the calls of the function that would export them."""
    calls: list[dict[str, Any]] = []
    for run in runs:
        run.folder.model.write_bytes(b"model")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "model.onnx").write_bytes(b"12345")

    def export(run: RunRecord, to: str, output: Path | None, **options: Any) -> Export:
        calls.append({"run": run.id, "to": to, "output": output, **options})
        options["report"](f"converting to {to} …")
        facts = QUANTIZED if options["quantize"] else EXACT
        return Export(run, tmp_path / "out", facts, 259, ("run.json",), ("odd",))

    monkeypatch.setattr("dnnctl.commands.export.export", export)
    return calls


def test_the_options_reach_the_export(exported: list[dict[str, Any]]) -> None:
    places = ["-o", "there", "--set", "data.source.path=x.csv"]
    assert call("export", "good", "--to", "litert", "--quantize", "int8", "--force", "--weights", "last", *places)
    (found,) = exported
    assert "-good-" in found.pop("run")
    found.pop("report")
    assert found == {
        "to": "litert", "output": Path("there"), "quantize": "int8", "force": True, "weights": "last",
        "overrides": ["data.source.path=x.csv"], "accept_altered": False,
    }  # fmt: skip


@pytest.mark.usefixtures("exported")
def test_the_result_of_the_check_is_printed() -> None:
    done = call("export", "good", "--to", "onnx")
    assert "converting to onnx …" in done.stdout
    assert "256 rows of the run's data in onnxruntime 1.32, largest difference 1.2e-07, 0 of 259" in done.stdout
    assert "(1 file, 5 B)" in done.stdout
    assert "altered since training: run.json" in done.stderr
    assert "odd" in done.stderr
    done = call("export", "good", "--to", "litert", "--quantize", "int8")
    assert done.stdout.splitlines()[3].split() == ["validation", "before", "int8"]
    assert done.stdout.splitlines()[4].split() == ["accuracy", "0.9000", "0.8000"]


@pytest.mark.usefixtures("exported")
def test_json_is_one_object() -> None:
    found = json.loads(call("export", "good", "--to", "onnx", "--json").stdout)
    assert (found["difference"], found["changed"], found["files"]) == (1.2e-7, 0, ["model.onnx"])


def test_wrong_words_end_with_code_2(exported: list[dict[str, Any]]) -> None:
    for arguments, message in (
        (["--to", "tensorflow"], "no such format"),
        (["--to", "onnx", "--weights", "first"], "--weights: must be one of best, last"),
        (["--to", "onnx", "--quantize", "int8"], "cannot be combined"),
    ):
        done = call("export", "good", *arguments)
        assert done.exit_code == 2
        assert message in done.stderr
    assert call("export", "nobody", "--to", "onnx").exit_code == 2
    assert exported == []


def test_the_difference_of_numbers_is_in_relation_to_their_size(runs: list[RunRecord]) -> None:
    """0.06 is little for a price of 500,000, and the tolerance is about the ratio."""
    facts = ExportFacts("onnx", "", n_rows=76, difference=0.062, relative=1.1e-7, runtime="onnxruntime 1.32")
    text = describe_check(Export(runs[0], Path("out"), facts, 0, (), ()))
    assert text.endswith("largest difference 6.2e-02, 1.1e-07 of the largest answer")

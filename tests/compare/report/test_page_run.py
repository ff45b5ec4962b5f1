"""The section of a report about one run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dnnctl.commands.labels import note
from dnnctl.compare.group import group_runs
from dnnctl.compare.report.chart import Charts
from dnnctl.compare.report.page_run import Mistakes, describe_run
from dnnctl.store.facts import TargetFacts
from dnnctl.store.files import append_json_line
from dnnctl.store.record import RunRecord
from stored import add_facts, store_run


def described(run: RunRecord) -> tuple[str, Charts]:
    charts = Charts()
    (group,) = group_runs([run], by_name=True)
    return describe_run(group, run, Mistakes(), charts, "red", is_open=True), charts


def arrays(role: str, predicted: Any) -> dict[str, Any]:
    return {f"{role}_predictions": predicted, f"{role}_labels": np.zeros_like(predicted)}


def test_without_test_data_the_predictions_on_validation_data_are_shown(tmp_path: Path) -> None:
    predicted = np.arange(6.0)[:, None]
    run = store_run(tmp_path, "a", predictions=arrays("validation", predicted), task="numbers")
    html, charts = described(run)
    assert "Validation examples;" in html
    assert len(charts.charts) == 3
    both = store_run(
        tmp_path, "b", predictions=arrays("validation", predicted) | arrays("test", predicted), task="numbers"
    )
    assert "Test examples;" in described(both)[0]


def test_predictions_that_are_no_numbers_are_not_drawn(tmp_path: Path) -> None:
    run = store_run(tmp_path, predictions=arrays("test", np.array([[1.0], [np.nan]])), task="numbers")
    html, charts = described(run)
    assert "Some predictions on test data are infinite or NaN; they are not drawn." in html
    assert charts.charts == []


def test_targets_have_the_names_of_their_columns(tmp_path: Path) -> None:
    run = store_run(tmp_path, predictions=arrays("test", np.arange(6.0).reshape(3, 2)), task="numbers")
    assert "<h3>number 2</h3>" in described(run)[0]
    assert "<h3>height</h3>" in described(add_facts(run, target=TargetFacts("numbers", ("width", "height"))))[0]


def test_damaged_predictions_are_named_and_a_note_is_no_html(tmp_path: Path) -> None:
    run = store_run(tmp_path, right=np.ones(6, bool))
    run.folder.predictions.write_bytes(b"PK")
    note(run, "<b>mine</b>")
    html, _ = described(RunRecord(run.folder))
    assert "altered since training" in html
    assert "&lt;b&gt;mine&lt;/b&gt;" in html


def test_what_was_measured_in_the_layers_is_drawn(tmp_path: Path) -> None:
    run = store_run(tmp_path)
    assert "Signals and gradients" not in described(run)[0]
    row = {"step": 9, "layer": "dense_1", "activation": "relu", "deviation": 1.0, "gradient": 1e-9, "verdict": "dead"}
    for epoch in (1, 2):
        append_json_line(run.folder.probe, {"epoch": epoch, **row})
    html = described(RunRecord.at(run.path))[0]
    assert "<h3>Signals and gradients</h3>" in html
    assert "gradient of dense_1, epoch 2: 1e-09, to blame" in html

"""What a finished run reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dnnctl.commands.evaluate import evaluate
from dnnctl.commands.train import train
from sample_specs import write_spec


def test_each_of_several_targets_has_its_own_metrics(tmp_path: Path) -> None:
    """From predictions.npz; in the unit of the target, although one is a million times larger than the other."""
    x = np.random.default_rng(0).normal(size=(40, 2)).round(4)
    rows = [f"{a},{b},{a - b:.4f},{1e6 * (a + b):.0f}" for a, b in x]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,width,price", *rows]) + "\n")
    source = {"kind": "csv", "path": str(tmp_path / "t.csv"), "target": ["width", "price"], "test": {"size": 10}}
    spec = write_spec(tmp_path, data={"source": source, "validation": {"size": 6}}, training={"epochs": 1})
    run = train(spec, runs_dir=tmp_path / "runs")
    assert run.summary is not None
    with np.load(run.path / "predictions.npz") as arrays:
        error = np.abs(arrays["test_predictions"].astype(float) - arrays["test_labels"]).mean(axis=0)
    found = {role: {name: each["mae"] for name, each in each.items()} for role, each in run.summary.targets.items()}
    assert found.keys() == {"validation", "test"}
    assert found["test"] == pytest.approx({"width": error[0], "price": error[1]}, rel=1e-6)
    quality = evaluate(run).quality
    assert quality is not None
    measured = {each.name: {"mae": each.mae, "rmse": each.rmse, "r2": each.r2} for each in quality.numbers}
    assert measured["price"] == pytest.approx(run.summary.targets["test"]["price"], rel=1e-5)

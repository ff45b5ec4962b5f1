"""`dnnctl plan`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command_line import call
from sample_specs import write_spec

pytestmark = pytest.mark.heavy


def test_a_plan_has_layers_rates_steps_memory_and_time(tmp_path: Path) -> None:
    spec = write_spec(tmp_path, schedule={"kind": "cosine"}, training={"batch_size": 40, "epochs": 2})
    done = call("plan", spec)
    assert done.exit_code == 0
    assert "steps:   2 epochs of 3 steps each, 6 in total" in done.stdout
    for word in ("layer", "dense_1", "learning rate over steps", "memory:", "disk:", "time:    about"):
        assert word in done.stdout
    assert not (tmp_path / "runs").exists()


def test_a_constant_rate_is_not_drawn_and_time_can_be_left_out(tmp_path: Path) -> None:
    done = call("plan", write_spec(tmp_path), "--no-timing")
    assert "in every step" in done.stdout
    assert "time:" not in done.stdout


def test_a_plan_as_json(tmp_path: Path) -> None:
    found = json.loads(call("plan", write_spec(tmp_path), "--json", "--no-timing").stdout)
    assert found["n_steps"] == found["steps_per_epoch"] * found["epochs"]
    assert found["seconds"] is None
    assert found["layers"][-1]["name"] == "output"


def test_a_wrong_spec_is_refused(tmp_path: Path) -> None:
    done = call("plan", write_spec(tmp_path), "--set", "seed=x")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--set seed=x: seed: must be a whole number" in done.stderr


def test_the_colours_of_the_curve_are_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, the drawing has control characters, which text must not have."""
    monkeypatch.setattr("dnnctl.commands.curves.draw_schedule", lambda *_: "\x1b[31mdrawn\x1b[0m")
    done = call("plan", write_spec(tmp_path, schedule={"kind": "cosine"}), "--no-timing")
    assert "drawn" in done.stdout
    assert "x1b" not in done.stdout

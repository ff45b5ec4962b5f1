"""`dnnctl init`: what it writes is complete and trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dnnctl.cli.app import app
from dnnctl.cli.init import preset_names
from dnnctl.commands.train import train
from dnnctl.specs import load_spec, to_plain
from dnnctl.specs.reading.yaml_reader import read_document
from dnnctl.store.record import Status
from sample_specs import write_digits

pytestmark = pytest.mark.heavy


def call(*arguments: Any) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("preset", preset_names())
def test_a_preset_is_complete_and_trains(preset: str, tmp_path: Path) -> None:
    path = tmp_path / "my net.yaml"
    assert call("init", path, "--preset", preset).exit_code == 0
    spec = load_spec(path)
    assert spec.name == "my-net"
    written = read_document(path)[0].plain()
    assert set(to_plain(spec)) <= set(written)
    assert all(
        "#" in line for line in path.read_text().splitlines() if line.startswith(("#", "seed", "loss", "metrics"))
    )
    digits = write_digits(tmp_path / "table.npz")
    small = ["training.epochs=1", "training.early_stopping=none"]
    source = [] if preset == "tabular" else [f"data.source={{kind: npz, path: {digits}}}"]
    validation = [] if preset == "tabular" else ["data.validation.size=24"]
    flat = ["model.layers=[flatten, {kind: dense, units: 8}]"]
    if preset == "transfer":
        init = tmp_path / "source.yaml"
        assert call("init", init, "--preset", "self-normalizing").exit_code == 0
        train(load_spec(init, [*small, *source, *validation, *flat, "name=selu"]), runs_dir=tmp_path / "runs")
        small, validation = [], ["data.classes=[0, 1]", "data.validation.size=9"]
    text = load_spec(path, [*small, *source, *validation, *flat])
    assert train(text, runs_dir=tmp_path / "runs").status == Status.FINISHED


def test_an_existing_file_is_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine")
    done = call("init", path)
    assert (done.exit_code, path.read_text()) == (2, "mine")
    assert "already exists" in done.stderr


def test_an_unknown_preset_is_an_error_with_all_presets(tmp_path: Path) -> None:
    done = call("init", tmp_path / "x.yaml", "--preset", "resnet")
    assert (done.exit_code, "Allowed: conv, default, self-normalizing, tabular, transfer." in done.stderr) == (2, True)
    assert not (tmp_path / "x.yaml").exists()

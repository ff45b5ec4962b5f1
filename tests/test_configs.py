"""Every shipped spec opens with its purpose, and trains."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dnnctl import train
from dnnctl.commands.check import check
from dnnctl.commands.sweep import planned_trials
from dnnctl.data.sources import cifar10
from dnnctl.specs import load
from dnnctl.specs.reading.load_sweep import load_sweep
from sample_specs import write_cifar10

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
SWEEPS = sorted((ROOT / "configs" / "sweeps").glob("*.yaml"))
CHAPTER11 = sorted((ROOT / "configs" / "chapter11").glob("*.yaml"))
PRESETS = sorted((ROOT / "dnnctl" / "presets").glob("*.yaml"))
SHORT = ["training.epochs=1", "training.batch_size=256", "data.limit=512"]


@pytest.mark.parametrize("path", [*CONFIGS, *CHAPTER11, *SWEEPS], ids=lambda path: path.stem)
def test_a_shipped_spec_opens_with_its_purpose(path: Path) -> None:
    """Purpose, command, measured time and expected result."""
    head = [line for line in path.read_text().splitlines() if line.startswith("#")]
    text = "\n".join(head)
    assert f"dnnctl {'sweep' if path in SWEEPS else 'train'} {path.relative_to(ROOT)}" in text
    assert re.search(r"^# Time: .*\d", text, re.MULTILINE)
    assert re.search(r"^# Expect: .*\d", text, re.MULTILINE)


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_all_settings_of_a_shipped_sweep_are_valid(path: Path) -> None:
    assert len(planned_trials(load_sweep(path))) > 1


@pytest.mark.parametrize("path", [*CONFIGS, *CHAPTER11, *PRESETS], ids=lambda path: path.stem)
def test_a_shipped_spec_follows_the_advice(path: Path) -> None:
    """Where a recipe of the book does not, a comment says so."""
    assert [each.rule.id for each in check(path, offline=True).advice if each.severity != "hint"] == []


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_shipped_spec_trains(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    overrides = list(SHORT)
    if path.stem == "fashion_mnist":
        request.getfixturevalue("fashion_mnist_dir")
    if path.stem == "cifar10":
        digests = write_cifar10(tmp_path / "cifar-10-batches-py", n=40)
        monkeypatch.setattr(cifar10, "ARCHIVE", replace(cifar10.ARCHIVE, md5=digests))
        monkeypatch.setenv("DNNCTL_DATA_DIR", str(tmp_path))
        overrides.append("data.validation.size=50")
    record = train(load(path, overrides), runs_dir=tmp_path / "runs")
    assert record.epochs == 1
    assert np.isfinite(record.summary.test["loss"])


@pytest.mark.parametrize("path", CHAPTER11, ids=lambda path: path.stem)
def test_an_experiment_of_the_chapter_trains(path: Path, tmp_path: Path) -> None:
    """On the sample, or on noise in the shape of CIFAR-10, since the full data may not be there."""
    spec = load(path).spec
    source = ["data.source=fashion_mnist_sample", "data.validation.size=100"]
    if spec.data.source.kind == "cifar10":
        source = [
            f"data.source={{kind: npz, path: {write_colours(tmp_path / 'colours.npz')}}}",
            "data.validation.size=9",
        ]
    if spec.model.reuse != "none":
        reused = path.with_name(f"{spec.model.reuse.run}.yaml")
        train(load(reused, [*SHORT, *source]), runs_dir=tmp_path / "runs")
    short = [each for each in SHORT if spec.training.phases == "none" or "epochs" not in each]
    if spec.training.pretraining.kind != "none":
        short.append("training.pretraining.epochs=1")
    run = train(load(path, [*short, *source]), runs_dir=tmp_path / "runs")
    assert run.epochs == (1 if spec.training.phases == "none" else spec.training.epochs)


def write_colours(path: Path) -> Path:
    """Noise in the shape of the images of CIFAR-10."""
    draw = np.random.default_rng(1)
    np.savez(path, x_train=draw.integers(0, 256, (60, 32, 32, 3), dtype=np.uint8), y_train=np.arange(60) % 10)
    return path


def test_selu_reaches_its_accuracy(tmp_path: Path) -> None:
    """The main command: at least 0.84 on validation."""
    selu = next(path for path in CONFIGS if path.stem == "selu")
    assert train(load(selu), runs_dir=tmp_path).summary.validation["accuracy"] >= 0.84


@pytest.mark.usefixtures("fashion_mnist_dir")
def test_fashion_mnist_reaches_its_accuracy(tmp_path: Path) -> None:
    """On the full data: at least 0.88 on validation."""
    path = next(path for path in CONFIGS if path.stem == "fashion_mnist")
    assert train(load(path), runs_dir=tmp_path).summary.validation["accuracy"] >= 0.88

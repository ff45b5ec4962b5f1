"""Phases define the number of epochs, wherever they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.errors import SpecError
from dnnctl.specs import load_spec

BASE = "data: {source: mnist}\nmodel: {layers: [flatten]}\n"
TWO_PHASES = "[{epochs: 3}, {epochs: 4}]"


def write(path: Path, training: str, *, extends: str = "") -> Path:
    path.write_text(f"extends: {extends}\ntraining: {training}\n" if extends else f"{BASE}training: {training}\n")
    return path


def test_the_epochs_are_the_sum_of_the_phases(tmp_path: Path) -> None:
    assert load_spec(write(tmp_path / "a.yaml", f"{{phases: {TWO_PHASES}}}")).training.epochs == 7
    assert load_spec(write(tmp_path / "a.yaml", f"{{epochs: 7, phases: {TWO_PHASES}}}")).training.epochs == 7


def test_epochs_that_disagree_with_the_phases_are_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="the phases have 7 in total"):
        load_spec(write(tmp_path / "a.yaml", f"{{epochs: 10, phases: {TWO_PHASES}}}"))


def test_phases_replace_the_epochs_of_a_base(tmp_path: Path) -> None:
    write(tmp_path / "base.yaml", "{epochs: 20}")
    child = write(tmp_path / "a.yaml", f"{{phases: {TWO_PHASES}}}", extends="base.yaml")
    assert load_spec(child).training.epochs == 7


@pytest.mark.parametrize(
    ("override", "epochs"),
    [
        (f"training.phases={TWO_PHASES}", 7),
        ("training.phases=[{epochs: 2}]", 2),
        ("training.phases.1.epochs=10", 13),
        ("training.phases=none", 7),
    ],
)
def test_phases_from_the_command_line_replace_the_epochs_of_the_file(
    override: str, epochs: int, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.yaml", f"{{epochs: 7, phases: {TWO_PHASES}}}")
    assert load_spec(path, [override]).training.epochs == epochs


def test_epochs_and_phases_from_the_command_line_must_agree(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "{epochs: 20}")
    overrides = ["training.epochs=7", f"training.phases={TWO_PHASES}"]
    assert load_spec(path, overrides).training.epochs == 7
    with pytest.raises(SpecError, match="the phases have 7 in total"):
        load_spec(path, [*overrides, "training.epochs=8"])

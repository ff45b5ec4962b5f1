"""A killed run, which many tests of resume start from."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from dnnctl.commands.train import train
from recipes import kill_at, spec_of
from sample_specs import outcome


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A run that died after three epochs, and the outcome that it must reach."""
    folder = tmp_path_factory.mktemp("broken")
    spec = spec_of("dropout, Nadam, XLA", folder)
    whole = train(spec, runs_dir=folder / "whole")
    kill_at("train", spec, folder / "runs", "after_row", 3)
    (path,) = (folder / "runs").iterdir()
    return path, outcome(whole)


@pytest.fixture
def run(broken: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of the killed run."""
    return Path(shutil.copytree(broken[0], tmp_path / broken[0].name))

"""Runs that answer: on a table with all types of columns, on small images, and on arrays of floats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnctl.commands.runs import Run
from dnnctl.commands.train import train
from sample_specs import write_spec
from sample_tables import write_table

SHORT = {"batch_size": 16, "epochs": 2}


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


def make(folder: Path, name: str, data: Any = None, **sections: Any) -> Any:
    """A served run."""
    from dnnctl.serving.service import load_service

    given = {} if data is None else {"data": data}
    run: Run = train(write_spec(folder, name=name, training=SHORT, **given, **sections), runs_dir=folder / "runs")
    return load_service(run)


@pytest.fixture(scope="package")
def table(folder: Path) -> Any:
    """A number for each row of a table."""
    data = {"source": write_table(folder), "validation": {"size": 24}}
    return make(folder, "table", data, model={"layers": [{"kind": "dense", "units": 8}]})


@pytest.fixture(scope="package")
def images(folder: Path) -> Any:
    """Three classes of images of 6 × 6 pixels."""
    return make(folder, "images")


@pytest.fixture(scope="package")
def floats(folder: Path) -> Any:
    """Two classes of four numbers."""
    draw = np.random.default_rng(3)
    places = {}
    for split in ("train", "test"):
        np.save(folder / f"{split}.npy", draw.random((60, 4), np.float32))
        np.save(folder / f"{split}_y.npy", np.arange(60) % 2)
        places |= {f"{split}_inputs": f"{split}.npy", f"{split}_targets": f"{split}_y.npy"}
    return make(folder, "floats", {"source": {"kind": "npy", **places}, "validation": {"size": 12}})

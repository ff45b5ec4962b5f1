"""The undamaged store that attacks start from."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from stored import store_run


def put_store(folder: Path) -> Path:
    """Put a store with two finished runs, `good` and `bad`, into a folder; return its path."""
    return Path(shutil.copytree(sample_store(), folder / "runs"))


@cache
def sample_store() -> Path:
    """The store itself."""
    folder = Path(tempfile.mkdtemp()) / "runs"
    rest = np.arange(400) % 10
    for name, n_right, seed in (("good", 9, 3), ("bad", 5, 4)):
        run = store_run(folder, name, right=rest < n_right, seed=seed)
        run.folder.log.write_text("run good\n")
        run.folder.model.write_bytes(b"PK\x03\x04 no model")
    return folder

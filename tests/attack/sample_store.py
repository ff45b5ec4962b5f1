"""The undamaged store that attacks start from."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from stored import complete, store_run


def put_store(folder: Path) -> Path:
    """Put a store with two finished runs, `good` and `bad`, into a folder; return its path."""
    return Path(shutil.copytree(sample_store(), folder / "runs"))


@cache
def sample_store() -> Path:
    """The store itself."""
    folder = Path(tempfile.mkdtemp()) / "runs"
    rest = np.arange(400) % 10
    bad, good = (store_run(folder, name, right=rest < n, seed=n) for name, n in (("bad", 5), ("good", 9)))
    complete(bad, good)
    complete(good, bad)
    return folder

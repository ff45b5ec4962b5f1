"""The part of a run that one process trains."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dnnctl.commands.train import train
from dnnctl.errors import RunError
from sample_specs import write_spec


def test_a_folder_that_tensorflow_cannot_name_is_refused(tmp_path: Path) -> None:
    """TensorBoard's writer takes UTF-8; the run would otherwise fail after its first epoch. Nothing is left."""
    runs = tmp_path / os.fsdecode(b"b\xff")
    with pytest.raises(RunError, match=r"not UTF-8 text\. Choose another --runs-dir"):
        train(write_spec(tmp_path), runs_dir=runs)
    assert list(runs.iterdir()) == []

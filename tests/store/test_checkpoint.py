"""Checkpoints on disk: whatever their files hold, damage is a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dnnctl.store.checkpoint import Checkpoint, list_checkpoints, write_checkpoint


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return write_checkpoint(
        tmp_path, epoch=1, step=10, state={"a": 1}, write_arrays=lambda path: path.write_bytes(b"arrays") and None
    )


def test_a_checkpoint_is_as_it_was_written(checkpoint: Checkpoint, tmp_path: Path) -> None:
    assert checkpoint.damage() is None
    assert list_checkpoints(tmp_path) == [checkpoint]


@pytest.mark.parametrize("content", ["", "{", "[]", "5", "null", "[" * 100_000, "\ud800"])
def test_a_manifest_that_is_no_object_is_named(content: str, checkpoint: Checkpoint) -> None:
    checkpoint.manifest.write_bytes(content.encode("utf-8", "surrogatepass"))
    assert "manifest.json" in str(checkpoint.damage())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 3), ("format", "2"), ("format", None), ("checkpoint", "epoch-0002-step-10"), ("checkpoint", 1),
        ("files", ["state.json", "state.npz"]), ("files", {}), ("files", {"state.json": 1, "state.npz": 2}),
        ("files", {"state.json": "0", "state.npz": "0"}), ("files", None),
    ],
)  # fmt: skip
def test_a_manifest_with_another_value_is_damage(key: str, value: Any, checkpoint: Checkpoint) -> None:
    """A list of the right names once ended in a traceback."""
    manifest = json.loads(checkpoint.manifest.read_text())
    checkpoint.manifest.write_text(json.dumps({**manifest, key: value}))
    assert checkpoint.damage() is not None


@pytest.mark.parametrize("name", ["manifest.json", "state.json", "state.npz"])
def test_a_missing_file_and_a_folder_in_its_place_are_named(name: str, checkpoint: Checkpoint) -> None:
    (checkpoint.path / name).unlink()
    assert checkpoint.damage() == f"{name} is missing"
    (checkpoint.path / name).mkdir()
    assert name in str(checkpoint.damage())


def test_a_link_to_a_checkpoint_is_none_of_the_run(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "epoch-0002-step-20").symlink_to(checkpoint.path)
    assert list_checkpoints(tmp_path) == [checkpoint]

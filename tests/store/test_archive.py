"""Archives are checked before they are unpacked."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from dnnctl.store.archive import ArchiveError, check_archive


def test_an_archive_that_unpacks_to_far_more_than_its_size_is_refused(tmp_path: Path) -> None:
    """The oracle is the size of the array: 100 MB of zeros, in 100 kB."""
    np.savez_compressed(tmp_path / "bomb.npz", zeros=np.zeros(25_000_000, np.float32))
    with pytest.raises(ArchiveError, match="would unpack from"):
        check_archive(tmp_path / "bomb.npz")
    np.savez(tmp_path / "large.npz", zeros=np.zeros(25_000_000, np.float32))
    check_archive(tmp_path / "large.npz")


def test_another_file_and_a_pipe_are_refused(tmp_path: Path) -> None:
    """Nobody waits for the other end of the pipe."""
    (tmp_path / "text").write_text("text")
    with pytest.raises(ArchiveError, match="not a zip archive"):
        check_archive(tmp_path / "text")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="links and special files"):
        check_archive(tmp_path / "pipe")


def test_a_link_to_an_archive_is_an_archive(tmp_path: Path) -> None:
    """A network of the user may be a link; links in runs are refused elsewhere."""
    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    (tmp_path / "link.npz").symlink_to(tmp_path / "a.npz")
    check_archive(tmp_path / "link.npz")

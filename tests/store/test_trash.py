"""Removing takes no run away from the process that trains it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.errors import RunError
from dnnctl.store.lock import hold
from dnnctl.store.trash import remove, restore
from stored import store_run


def test_a_run_whose_lock_is_held_stays_where_it_is(tmp_path: Path) -> None:
    run = store_run(tmp_path)
    with hold(run.folder.lock), pytest.raises(RunError, match="being trained"):
        remove(run)
    assert run.folder.summary.is_file()


def test_what_was_removed_comes_back_as_it_was(tmp_path: Path) -> None:
    run = store_run(tmp_path)
    before = {file.name: file.read_bytes() for file in run.path.glob("[!.]*")}
    removed = type(run).at(remove(run))
    assert not run.path.exists()
    assert restore(removed, tmp_path) == run.path
    assert {file.name: file.read_bytes() for file in run.path.glob("[!.]*")} == before

"""Removing takes no run away from the process that trains it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dnnctl.errors import RunError
from dnnctl.store.lock import hold
from dnnctl.store.trash import find_removed, purge, remove, restore, trash_of
from stored import store_run


def test_a_run_whose_lock_is_held_stays_where_it_is(tmp_path: Path) -> None:
    run = store_run(tmp_path)
    with hold(run.folder.lock), pytest.raises(RunError, match="being trained"):
        remove(run)
    assert run.folder.summary.is_file()


def test_a_lock_that_is_a_directory_is_named_and_the_run_removed_once_it_is_deleted(tmp_path: Path) -> None:
    """Nothing can show whether a process trains the run, so the user has to say so."""
    run = store_run(tmp_path)
    run.folder.lock.unlink()
    run.folder.lock.mkdir()
    with pytest.raises(RunError, match=rf"If none does, delete it: rm -r {run.folder.lock}"):
        remove(run)
    assert run.folder.summary.is_file()
    run.folder.lock.rmdir()
    assert remove(run).is_dir()


def test_what_was_removed_comes_back_as_it_was(tmp_path: Path) -> None:
    run = store_run(tmp_path)
    before = {file.name: file.read_bytes() for file in run.path.glob("[!.]*")}
    removed = type(run).at(remove(run))
    assert not run.path.exists()
    assert restore(removed, tmp_path) == run.path
    assert {file.name: file.read_bytes() for file in run.path.glob("[!.]*")} == before


def test_only_a_run_in_the_trash_of_the_directory_is_restored(tmp_path: Path) -> None:
    """`--restore other/RUN` would move a run away from where it is."""
    here, other = tmp_path / "here", tmp_path / "other"
    run, theirs = store_run(other), store_run(other, "theirs")
    removed_there = type(run).at(remove(theirs))
    here.mkdir()
    for each in (run, removed_there):
        with pytest.raises(RunError, match="not in the trash"):
            restore(each, here)
        with pytest.raises(RunError, match="not in the trash"):
            find_removed(str(each.path), here)
        assert each.folder.summary.is_file()
    assert restore(find_removed(str(removed_there.path), other), other) == theirs.path


def test_a_run_that_is_trained_in_the_trash_stays_there(tmp_path: Path) -> None:
    removed = type(run := store_run(tmp_path)).at(remove(run))
    with hold(removed.folder.lock), pytest.raises(RunError, match="being trained"):
        restore(removed, tmp_path)
    assert removed.folder.summary.is_file()


def test_a_trash_that_is_a_link_is_not_used(tmp_path: Path) -> None:
    elsewhere, directory = tmp_path / "elsewhere", tmp_path / "runs"
    run = store_run(directory)
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("")
    trash_of(directory).symlink_to(elsewhere)
    with pytest.raises(RunError, match="Cannot remove"):
        remove(run)
    with pytest.raises(RunError, match="Cannot empty"):
        purge(directory)
    assert run.path.is_dir()
    assert [entry.name for entry in elsewhere.iterdir()] == ["mine"]


def test_a_pipe_in_place_of_the_trash_is_refused_without_waiting(tmp_path: Path) -> None:
    """Deleting a folder opens it, and opening a pipe would wait for somebody to write into it."""
    os.mkfifo(trash_of(tmp_path))
    with pytest.raises(RunError, match="it is not a directory"):
        purge(tmp_path)

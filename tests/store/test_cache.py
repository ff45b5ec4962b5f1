"""The folder in which dnnctl keeps what it can compute again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dnnctl.store.cache import cache_directory, cache_entry, cache_folder, write_to_cache


def test_the_folder_is_chosen_by_variables_and_an_empty_value_turns_the_cache_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DNNCTL_CACHE_DIR", "")
    assert (cache_directory(), cache_folder("images")) == (None, None)
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path / "own"))
    assert cache_folder("images") == tmp_path / "own" / "images"
    assert (tmp_path / "own" / "images").is_dir()
    monkeypatch.delenv("DNNCTL_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_directory() == tmp_path / "xdg" / "dnnctl"


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNNCTL_CACHE_DIR", "~no-such-user/cache")
    assert cache_directory() is None


def test_a_cache_that_cannot_be_written_is_no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path / "file"))
    assert cache_folder("images") is None
    write_to_cache(tmp_path / "file" / "entry", lambda aside: aside.write_text("x"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_entry_belongs_to_one_state_of_one_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Size, time and path are part of its name. A file that just changed can change again unnoticed."""
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path / "cache"))
    first, second = tmp_path / "first", tmp_path / "second"
    for file in (first, second):
        file.write_text("text")
    assert cache_entry("arrays", first, ".txt") is None
    for file in (first, second):
        os.utime(file, (1_700_000_000, 1_700_000_000))
    entries = [cache_entry("arrays", first, ".txt"), cache_entry("arrays", second, ".txt")]
    entries.append(cache_entry("arrays", first, ".txt", "other purpose"))
    os.utime(first, (1_700_000_000, 1_700_000_001))
    entries.append(cache_entry("arrays", first, ".txt"))
    first.write_text("longer text")
    os.utime(first, (1_700_000_000, 1_700_000_001))
    entries.append(cache_entry("arrays", first, ".txt"))
    assert len(set(entries) - {None}) == 5
    monkeypatch.setenv("DNNCTL_CACHE_DIR", "")
    assert cache_entry("arrays", first, ".txt") is None


def test_entries_of_last_season_are_removed_when_another_is_written(tmp_path: Path) -> None:
    for name, days in {"old": 91, ".killed.partial": 91, "new": 89}.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - days * 86400,) * 2)
    write_to_cache(tmp_path / "entry", lambda aside: aside.write_text("x"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["entry", "new"]


def test_readers_never_see_a_part_of_an_entry(tmp_path: Path) -> None:
    path = tmp_path / "entry.txt"
    write_to_cache(path, lambda aside: aside.write_text("old"))

    def fail(aside: Path) -> None:
        aside.write_text("ne")
        assert path.read_text() == "old"
        raise OSError("no space")

    write_to_cache(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dnnctl.store.files import (
    append_json_line,
    make_directory,
    open_to_read,
    read_json_lines,
    read_text,
    write_text,
    write_through,
)


def test_a_failed_write_leaves_the_old_file_and_nothing_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail(aside: Path) -> None:
        aside.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_through(path, fail)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_row_cut_off_by_a_crash_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    append_json_line(path, {"epoch": 1})
    append_json_line(path, {"epoch": 2})
    path.write_text(path.read_text() + '{"epoch": 3, "lo')
    assert read_json_lines(path) == [{"epoch": 1}, {"epoch": 2}]


def test_numbers_that_json_does_not_know_become_null(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    append_json_line(path, {"loss": float("inf"), "all": [float("nan"), 1.0]})
    assert path.read_text() == '{"loss": null, "all": [null, 1.0]}\n'


def test_a_damaged_row_in_the_middle_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"epoch": 1\n{"epoch": 2}\n')
    with pytest.raises(ValueError, match="Expecting"):
        read_json_lines(path)


def test_nothing_is_appended_to_the_target_of_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "rows.jsonl"
    target.write_text("untouched")
    link.symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        append_json_line(link, {"epoch": 1})
    assert target.read_text() == "untouched"


def test_a_file_name_that_is_not_utf8_reads_as_itself(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.yaml")
    append_json_line(tmp_path / "rows.jsonl", {"command": name})
    assert read_json_lines(tmp_path / "rows.jsonl") == [{"command": name}]
    write_text(tmp_path / "a.txt", name)
    assert (tmp_path / "a.txt").read_text() == r"caf\udce9.yaml"


def test_nothing_is_appended_to_a_file_that_also_exists_elsewhere(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "rows.jsonl"
    target.write_text("untouched")
    link.hardlink_to(target)
    with pytest.raises(OSError, match="links and special files are not followed"):
        append_json_line(link, {"epoch": 1})
    assert target.read_text() == "untouched"


@pytest.mark.parametrize("name", ["rows.jsonl", ".rows.partial.jsonl"])
@pytest.mark.parametrize("is_hard", [False, True])
def test_a_replaced_file_is_a_new_file(name: str, is_hard: bool, tmp_path: Path) -> None:
    """The target of a link in the place of the file, or of the temporary file, does not change."""
    target, path = tmp_path / "target.txt", tmp_path / "rows.jsonl"
    target.write_text("untouched")
    if is_hard:
        (tmp_path / name).hardlink_to(target)
    else:
        (tmp_path / name).symlink_to(target)
    write_text(path, "new")
    assert (path.read_text(), target.read_text()) == ("new", "untouched")
    assert {entry.name for entry in tmp_path.iterdir()} == {"rows.jsonl", "target.txt"}
    assert not path.is_symlink()


def test_a_link_and_a_pipe_are_not_read(tmp_path: Path) -> None:
    """Nor does the reader wait for somebody to write into the pipe."""
    (tmp_path / "target.txt").write_text("{}")
    (tmp_path / "link").symlink_to(tmp_path / "target.txt")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        for read in (open_to_read, read_text, read_json_lines):
            with pytest.raises(OSError, match="links"):
                read(tmp_path / name)


def test_a_link_to_a_directory_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(FileExistsError):
        make_directory(tmp_path / "link")
    make_directory(tmp_path / "target")

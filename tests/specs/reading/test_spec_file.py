"""The file of a spec is read once, whatever it is, and a path in a spec is usable or an error."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from command_line import call
from dnnctl.errors import Place, SpecError
from dnnctl.specs import load
from dnnctl.specs.reading.document import Node
from dnnctl.specs.reading.spec_file import MAX_BYTES, named_path, read_file

SPEC = "# a comment\ndata: {source: {kind: npz, path: sub/x.npz}}\nmodel: {layers: [flatten]}\n"


def pipe_with(folder: Path, text: str) -> Path:
    """A named pipe that gives a text once."""
    path = folder / "pipe"
    os.mkfifo(path)
    threading.Thread(target=path.write_text, args=(text,), daemon=True).start()
    return path


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_file(tmp_path / "a.yaml") == "a: 1\n"


def test_a_pipe_is_read_once_and_its_text_is_kept(tmp_path: Path) -> None:
    """`train <(cat spec)`: a second read of the pipe would wait forever, or give nothing."""
    loaded = load(pipe_with(tmp_path, SPEC))
    assert loaded.source == SPEC
    assert loaded.spec.name == "pipe"


def test_a_path_in_a_pipe_starts_at_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    source = load(pipe_with(tmp_path, SPEC)).spec.data.source
    assert source.path == str(tmp_path / "work" / "sub" / "x.npz")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/dev/zero", "larger than 1 MiB"),
        ("/dev/full", "larger than 1 MiB"),
        ("/dev", "is a directory"),
        ("/dev/null/x.yaml", "cannot be read"),
        ("missing.yaml", "no such file"),
        ("x" * 5000, "cannot be read"),
        ("a\0b", "cannot be read"),
        ("\udcff.yaml", "no such file"),
    ],
)
def test_what_is_no_file_of_text_is_refused(path: str, rule: str) -> None:
    with pytest.raises(SpecError, match=rule) as caught:
        read_file(Path(path))
    str(caught.value).encode()


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"PAR1\xff"])
def test_data_in_place_of_a_spec_get_the_command_that_writes_one(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(SpecError, match="is a data file, not a spec") as caught:
        load(path)
    assert f"`dnnctl init new.yaml --from {path}`" in str(caught.value)


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\n" + b"#" * MAX_BYTES)
    with pytest.raises(SpecError, match="larger than 1 MiB"):
        read_file(path)


@pytest.mark.parametrize("command", [["verify-resume"], ["find-rate", "--write"]])
def test_a_pipe_is_refused_where_a_spec_is_read_again(command: list[str]) -> None:
    done = call(*command, "/dev/null")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("/dev/null: is not a regular file, but the spec must be read more than once.")


def node(text: str, file: str) -> Node:
    return Node(text, Place(file, 3, 7))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a\0b", "it contains a null character"),
        ("~nosuchuser/x.npz", "home directory"),
        ("x" * 256, "it is too long"),
        ("x/" * 2048, "it is too long"),
        ("\udcff.npz", "it is not UTF-8 text"),
        ("loop/x.npz", "loop"),
    ],
)
def test_a_path_that_no_file_can_have_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "a.yaml").touch()
    with pytest.raises(SpecError, match=reason) as caught:
        named_path(node(text, str(tmp_path / "a.yaml")), ("data", "source", "path"))
    assert "a.yaml:3:7: data.source.path: is not a usable path" in str(caught.value)


def test_a_deleted_working_directory_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for file in ("--set data.source.path=x", "../a.yaml"):
        with pytest.raises(SpecError, match="the working directory"):
            named_path(node("x.npz", file), ("data", "source", "path"))
    assert named_path(node("/x.npz", "--set data.source.path=/x.npz"), ("data", "source", "path")) == Path("/x.npz")

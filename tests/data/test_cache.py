"""Where data files are found, and how they are downloaded."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from dnnctl.data.cache import RemoteFile, cache_directory, fetch
from dnnctl.data.source import load_source, no_progress
from dnnctl.errors import DataError
from dnnctl.specs.source import BuiltIn


@pytest.mark.parametrize("kind", ["fashion_mnist", "mnist", "cifar10", "cifar100", "california_housing"])
def test_without_a_network_the_message_says_where_files_go(
    kind: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    with pytest.raises(DataError) as caught:
        load_source(BuiltIn(kind=kind))
    for part in (str(cache), "https://", "DNNCTL_DATA_DIR", "fashion_mnist_sample"):
        assert part in str(caught.value)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "file.bin").write_bytes(b"x" * 1_000_000)
    http = HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}/file.bin"
    http.shutdown()
    http.server_close()


def test_a_download_is_checked_kept_and_shown(cache: Path, server: str) -> None:
    seen: list[tuple[str, int, int]] = []
    file = RemoteFile("sub/file.bin", server, hashlib.sha256(b"x" * 1_000_000).hexdigest())
    path = fetch(file, lambda *state: seen.append(state))
    assert path == cache / "sub" / "file.bin"
    assert path.read_bytes() == b"x" * 1_000_000
    assert seen[-1] == ("file.bin", 1_000_000, 1_000_000)
    seen.clear()
    assert fetch(file, lambda *state: seen.append(state)) == path
    assert seen == []


def test_a_download_that_is_not_the_file_is_thrown_away(cache: Path, server: str) -> None:
    with pytest.raises(DataError, match="not the expected file"):
        fetch(RemoteFile("sub/file.bin", server, "0" * 64), no_progress)
    assert not (cache / "sub").exists()


def test_a_failed_download_leaves_no_folder_that_it_made(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that were there before stay, also empty ones."""

    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    for folder, kept in (("a", set()), ("b", {"b"})):
        monkeypatch.setenv("DNNCTL_DATA_DIR", str(cache / folder / "datasets"))
        for name in kept:
            (cache / name).mkdir()
        with pytest.raises(DataError, match="cannot be downloaded"):
            fetch(RemoteFile("sub/file.bin", "http://none/file.bin", "0" * 64), no_progress)
        assert {path.name for path in cache.iterdir()} == kept


def test_the_cache_is_keras_s_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DNNCTL_DATA_DIR")
    monkeypatch.setenv("KERAS_HOME", "/somewhere")
    assert cache_directory() == Path("/somewhere/datasets")
    monkeypatch.delenv("KERAS_HOME")
    assert cache_directory() == Path("~/.keras/datasets").expanduser()


@pytest.mark.parametrize("change", [b"y", b""])
def test_a_file_in_the_cache_that_was_changed_is_not_read(change: bytes, cache: Path) -> None:
    """The message names the file and says to remove it; the file stays."""
    file = RemoteFile("file.bin", "http://none/file.bin", hashlib.sha256(b"x" * 100).hexdigest())
    path = cache / "file.bin"
    path.write_bytes(b"x" * 100)
    assert fetch(file, no_progress) == path
    path.write_bytes(b"x" * 99 + change)
    with pytest.raises(DataError, match=r"file\.bin is damaged or altered .* Remove it"):
        fetch(file, no_progress)
    assert path.is_file()


@pytest.mark.parametrize("variable", ["DNNCTL_DATA_DIR", "KERAS_HOME"])
def test_a_home_directory_that_does_not_exist_is_an_error(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DNNCTL_DATA_DIR", raising=False)
    monkeypatch.setenv(variable, "~nosuchuser/x")
    with pytest.raises(DataError, match=r"~nosuchuser/x.*no such home directory"):
        cache_directory()

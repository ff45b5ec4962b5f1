"""The folder of data files: Keras's cache. Missing files are downloaded into it."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Protocol

from dnnctl.errors import DataError

DIRECTORY_VARIABLE = "DNNCTL_DATA_DIR"
CHUNK = 1 << 18
TIMEOUT = 20.0


class Progress(Protocol):
    """Called with the name of a file or folder, the number of bytes so far, and in total (0 if unknown)."""

    def __call__(self, name: str, done: int, total: int, *, is_download: bool = True) -> None: ...


@dataclass(frozen=True)
class RemoteFile:
    """A file of a data set: its path in the cache, its URL, and its digest."""

    path: str
    """Relative to the cache directory, with the name that Keras gives it."""
    url: str
    sha256: str

    @property
    def places(self) -> tuple[Path, Path]:
        """The paths it may have: Keras's name for it, or the file name of its URL in the same folder."""
        target = cache_directory() / self.path
        return target, target.with_name(self.url.rsplit("/", 1)[-1])


def cache_directory() -> Path:
    """DNNCTL_DATA_DIR, or Keras's own cache.

    Raises:
        DataError: it is in the home directory of a user who has none.
    """
    given = os.environ.get(DIRECTORY_VARIABLE)
    path = Path(given) if given else Path(os.environ.get("KERAS_HOME") or "~/.keras") / "datasets"
    try:
        return path.expanduser()
    except RuntimeError:
        raise DataError(f"{path}: there is no such home directory. Set {DIRECTORY_VARIABLE} to a folder.") from None


def fetch(file: RemoteFile, progress: Progress) -> Path:
    """The file's path in the cache. It is downloaded if it is missing, and its digest is always compared.

    Raises:
        DataError: it is missing and cannot be downloaded, or its digest is wrong.
    """
    found = cached(file)
    if found is not None:
        check_digest(found, file.sha256)
        return found
    _download(file, file.places[0], progress)
    return file.places[0]


def cached(file: RemoteFile) -> Path | None:
    """The file's path in the cache; None if it is missing."""
    return next((place for place in file.places if place.is_file()), None)


def check_digest(path: Path, expected: str, algorithm: str = "sha256") -> None:
    """Check that a file in the cache is the published one: programs other than dnnctl write there, too.

    Args:
        expected: its digest in hexadecimal.

    Raises:
        DataError: it is another file, or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            found = file_digest(stream, algorithm).hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    if found != expected:
        raise DataError(
            f"{path} is damaged or altered ({algorithm} {found[:16]}…, not {expected[:16]}…). "
            "Remove it, so that it is downloaded again."
        )


def _download(file: RemoteFile, target: Path, progress: Progress) -> None:
    aside = target.with_name(f".{target.name}.{os.getpid()}.partial")
    missing = [folder for folder in (target.parent, *target.parent.parents) if not folder.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        found = _copy(file, aside, progress)
        if found != file.sha256:
            raise DataError(
                f"{file.url} is not the expected file (sha256 {found[:16]}…, not {file.sha256[:16]}…). "
                "Try again later. The download was discarded."
            )
        aside.replace(target)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise DataError(
            f"{file.places[1].name} is not in {target.parent} and cannot be downloaded ({reason}).\n"
            f"Download {file.url} to {target.parent}, or set {DIRECTORY_VARIABLE} to a directory laid out like "
            f"Keras's cache.\n`data.source: fashion_mnist_sample` needs no download."
        ) from None
    except OSError as error:
        raise DataError(f"{target} cannot be written: {error.strerror or error}. Set {DIRECTORY_VARIABLE}.") from None
    finally:
        aside.unlink(missing_ok=True)
        with suppress(OSError):  # a folder that is not empty is kept, and so are its parents
            for folder in missing:
                folder.rmdir()


def _copy(file: RemoteFile, aside: Path, progress: Progress) -> str:
    """Copy a file from its URL; return its SHA-256."""
    state, done = sha256(), 0
    with urllib.request.urlopen(file.url, timeout=TIMEOUT) as reply, aside.open("wb") as output:
        total = int(reply.headers.get("Content-Length") or 0)
        while chunk := reply.read(CHUNK):
            output.write(chunk)
            state.update(chunk)
            done += len(chunk)
            progress(Path(file.path).name, done, total)
    return state.hexdigest()

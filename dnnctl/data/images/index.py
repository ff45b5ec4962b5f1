"""What each image file contains. Every file is read and decoded once; the index is then cached."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import PIL
from numpy.typing import NDArray

from dnnctl.data.cache import Progress
from dnnctl.data.dataset import Rows
from dnnctl.data.images.decode import Form
from dnnctl.data.images.examine import DIGEST_SIZE, Examined, full_path
from dnnctl.data.images.kept import Kept
from dnnctl.data.images.threads import BATCH, examine_all
from dnnctl.store.cache import RECENT, cache_folder, write_to_cache

VERSION = 1
"""Increase it when the index, or what counts as readable, changes."""
MOST_BYTES = 1 << 30
MISSING = -1
FEW_BYTES = 16_000_000
"""The size of all files for which progress is not reported."""
MOST_REPORTS = 100


@dataclass(frozen=True)
class Index:
    """For each of F files, in the order of their paths."""

    sha256: NDArray[np.uint8]
    """(F, 32)"""
    sizes: NDArray[np.int32]
    """(F, 2) height and width of the upright image."""
    is_grey: NDArray[np.bool_]
    """(F,) whether the file contains grey values only."""
    problems: list[str]
    """Why the file cannot be read; empty if it can."""
    n_bytes: NDArray[np.int64]
    """(F,) the size of the file; -1 if it is missing."""
    times: NDArray[np.int64]
    """(F,) when the file was changed, in nanoseconds."""

    def take(self, rows: Rows) -> Index:
        """The entries of some files."""
        return Index(
            self.sha256[rows],
            self.sizes[rows],
            self.is_grey[rows],
            [self.problems[row] for row in rows.tolist()],
            self.n_bytes[rows],
            self.times[rows],
        )


def build_index(place: Path, root: Path, paths: Sequence[str], form: Form, kept: Kept, progress: Progress) -> Index:
    """The index of files. What the cache knows about files with the same size and time is not read again.

    Args:
        place: the folder or table that names the files; each has its own cached index.
        form: how the pixels of files that are read are given to `kept`.
        kept: takes these pixels; they are all there if the cache knew no file.
        progress: reports the files that are read.
    """
    started = time.time_ns()
    index = _empty(root, paths)
    cached = _cache_file(place)
    known = load_index(cached) if cached is not None else {}
    todo = [number for number, path in enumerate(paths) if not _fill(index, number, known.get(path))]
    sizes = index.n_bytes[todo]

    def put(some: slice, found: Examined) -> None:
        _put(index, np.array(todo[some]), found, kept)

    def report(n_done: int) -> None:
        if is_due(n_done):
            progress(place.name, int(sizes[:n_done].sum()), int(sizes.sum()), is_download=False)

    is_due = _when_to_report(len(todo), int(sizes.sum()))
    examine_all([full_path(root, paths[number]) for number in todo], sizes, form, put, report)
    if todo and cached is not None:
        write_to_cache(cached, lambda aside: _save(aside, paths, index, started))
    return index


def load_index(path: Path) -> dict[str, tuple[Index, int]]:
    """For each path in a cached index, the index and the number of the file; empty if it is missing or damaged."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            names, problems = _words(file["paths"]), _words(file["problems"])
            index = Index(file["sha256"], file["sizes"], file["is_grey"], problems, file["n_bytes"], file["times"])
    except Exception:  # whatever is wrong with it, it can be computed again
        return {}
    n = len(names)
    shapes = [index.sha256.shape, index.sizes.shape, index.is_grey.shape, index.n_bytes.shape, index.times.shape]
    if len(problems) != n or shapes != [(n, DIGEST_SIZE), (n, 2), (n,), (n,), (n,)]:
        return {}
    return {name: (index, number) for number, name in enumerate(names)}


def _when_to_report(n: int, n_bytes: int) -> Callable[[int], bool]:
    """Whether to report that some of n files are done. The number is that of whole batches, or n."""
    step = BATCH * -(-n // (BATCH * MOST_REPORTS))
    return lambda n_done: n_bytes > FEW_BYTES and (n_done % step == 0 or n_done == n)


def _empty(root: Path, paths: Sequence[str]) -> Index:
    """An index that knows only size and time of each file."""
    n = len(paths)
    index = Index(
        np.zeros((n, DIGEST_SIZE), np.uint8), np.zeros((n, 2), np.int32), np.zeros(n, np.bool_), [""] * n,
        np.full(n, MISSING, np.int64), np.zeros(n, np.int64),
    )  # fmt: skip
    for number, path in enumerate(paths):
        problem = ""
        try:
            status = os.stat(full_path(root, path))  # noqa: PTH116 (as fast as possible)
        except (OSError, ValueError) as error:
            problem = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
        else:
            index.n_bytes[number], index.times[number] = status.st_size, status.st_mtime_ns
            if not stat.S_ISREG(status.st_mode):
                problem = "not a file"
            elif status.st_size > MOST_BYTES:
                problem = "larger than 1 GiB"
        index.problems[number] = problem
    return index


def _fill(index: Index, number: int, known: tuple[Index, int] | None) -> bool:
    """Fill the entry of a file from a cached index; whether nothing is left to do for it."""
    if index.problems[number]:
        return True
    if known is None:
        return False
    other, row = known
    if (other.n_bytes[row], other.times[row]) != (index.n_bytes[number], index.times[number]):
        return False
    index.sha256[number], index.sizes[number] = other.sha256[row], other.sizes[row]
    index.is_grey[number] = other.is_grey[row]
    index.problems[number] = other.problems[row]
    return True


def _put(index: Index, numbers: Rows, found: Examined, kept: Kept) -> None:
    """Fill the entries of some files."""
    index.sha256[numbers], index.sizes[numbers], index.is_grey[numbers] = found.sha256, found.sizes, found.is_grey
    for number, problem in zip(numbers.tolist(), found.problems, strict=True):
        index.problems[number] = problem
    is_good = np.array([not problem for problem in found.problems])
    kept.put(numbers[is_good], None if found.pixels is None else found.pixels[is_good])


def _cache_file(place: Path) -> Path | None:
    folder = cache_folder("images")
    key = sha256(f"{VERSION} {PIL.__version__} {place.resolve()}".encode(errors="surrogateescape")).hexdigest()
    return folder / f"{key}.npz" if folder else None


def _save(path: Path, paths: Sequence[str], index: Index, started: int) -> None:
    """Save the entries of all files but those that are missing or changed shortly before the start."""
    rows = np.flatnonzero((index.times < started - RECENT) & (index.n_bytes != MISSING))
    np.savez(
        path,
        paths=_bytes([paths[row] for row in rows.tolist()]),
        problems=_bytes([index.problems[row] for row in rows.tolist()]),
        **{name: getattr(index, name)[rows] for name in ("sha256", "sizes", "is_grey", "n_bytes", "times")},
    )


def _bytes(words: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer("".join(f"{word}\0" for word in words).encode(errors="surrogateescape"), np.uint8)


def _words(array: NDArray[np.uint8]) -> list[str]:
    return array.tobytes().decode(errors="surrogateescape").split("\0")[:-1]

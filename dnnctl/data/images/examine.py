"""What image files contain, and their pixels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.images.decode import Form, Pixels, decode
from dnnctl.errors import DataError

DIGEST_SIZE = 32


@dataclass(frozen=True)
class Examined:
    """What N image files contain, in the order of their paths."""

    sha256: NDArray[np.uint8]
    """(N, 32)"""
    sizes: NDArray[np.int32]
    """(N, 2) height and width of the upright image."""
    is_grey: NDArray[np.bool_]
    """(N,) whether the file contains grey values only."""
    problems: list[str]
    """Why the file cannot be read; empty if it can."""
    pixels: Pixels | None
    """(N, …) in the form that was asked for, zeros where there is a problem; None if there are no pixels, or if their
    shapes differ."""


def examine(paths: Sequence[str], form: Form) -> Examined:
    """Read and decode some files."""
    n = len(paths)
    digests, sizes = np.zeros((n, DIGEST_SIZE), np.uint8), np.zeros((n, 2), np.int32)
    is_grey, problems = np.zeros(n, np.bool_), [""] * n
    pixels: Pixels | None = None
    is_same = True
    for number, path in enumerate(paths):
        try:
            data = read_file(path)
            digests[number] = np.frombuffer(sha256(data).digest(), np.uint8)
            decoded = decode(data, form)
        except DataError as error:
            problems[number] = str(error)
            continue
        sizes[number], is_grey[number] = decoded.size, decoded.is_grey
        if pixels is None:
            pixels = np.zeros((n, *decoded.pixels.shape), np.uint8)
        is_same = is_same and decoded.pixels.shape == pixels.shape[1:]
        if is_same:
            pixels[number] = decoded.pixels
    return Examined(digests, sizes, is_grey, problems, pixels if is_same else None)


def full_path(root: Path, path: str) -> str:
    """The path of a file that is named relative to a folder, or absolute."""
    return os.path.join(root, path)  # noqa: PTH118 (a Path takes several times as long, for each of many files)


def read_file(path: str | Path) -> bytes:
    """The bytes of a file.

    Raises:
        DataError: it cannot be read; the text is the reason alone.
    """
    try:
        with open(path, "rb", buffering=0) as file:  # small files are read in half the time of a buffered one
            return file.read()
    except OSError as error:
        raise DataError(error.strerror or str(error)) from None

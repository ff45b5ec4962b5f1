"""Image files as rows of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dnnctl.data.dataset import Array, Part, Rows, update_digest
from dnnctl.data.images.decode import Form, Pixels
from dnnctl.data.images.examine import Examined, full_path
from dnnctl.data.images.index import Index
from dnnctl.data.images.listing import listed
from dnnctl.data.images.pixel_cache import PixelCache
from dnnctl.data.images.threads import examine_all
from dnnctl.errors import DataError


@dataclass(frozen=True)
class ImageFiles:
    """The pixels of F files, all in the same form."""

    root: Path
    paths: Sequence[str]
    index: Index
    form: Form
    """Without `auto`."""
    shape: tuple[int, ...]
    """(H, W) or (H, W, 3)"""
    kept: Pixels | None = None
    """(F, …) pixels that are in memory already."""
    cache: PixelCache | None = None

    def read(self, numbers: Rows) -> Pixels:
        """(len(numbers), …) the pixels of these files, in this order.

        Raises:
            DataError: a file is missing, damaged, or not the file that was indexed.
        """
        if self.kept is not None:
            return self.kept[numbers]
        pixels = np.empty((len(numbers), *self.shape), np.uint8)
        todo = np.arange(len(numbers)) if self.cache is None else self.cache.read(numbers, pixels)
        problems: dict[int, str] = {}

        def put(some: slice, found: Examined) -> None:
            problems.update(self._problems(numbers, todo[some], found))
            if not problems and found.pixels is not None:
                pixels[todo[some]] = found.pixels

        files = numbers[todo]
        paths = [full_path(self.root, self.paths[number]) for number in files.tolist()]
        examine_all(paths, self.index.n_bytes[files], self.form, put)
        if problems:
            lines = [problems[row] for row in sorted(problems)]
            raise DataError("\n".join([f"{self.root}: images cannot be read:", *listed(lines, len(lines))]))
        return pixels

    def update_digest(self, state: Any, numbers: Rows) -> None:
        """Feed the identity of the pixels of these files to a running digest: their bytes, and the form."""
        resize = "" if self.form.size is None else self.form.resize
        state.update(f"images 1 {self.shape} {resize}".encode())
        update_digest(state, self.index.sha256[numbers])

    def _problems(self, numbers: Rows, rows: Rows, found: Examined) -> dict[int, str]:
        """By row, why a file cannot be used: it is unreadable, or not the file that was indexed."""
        files = numbers[rows]
        is_other = (found.sha256 != self.index.sha256[files]).any(axis=1)
        reasons = [
            problem or ("changed while it was in use" if other else "")
            for problem, other in zip(found.problems, is_other.tolist(), strict=True)
        ]
        return {
            row: f"{self.paths[number]}: {reason}"
            for row, number, reason in zip(rows.tolist(), files.tolist(), reasons, strict=True)
            if reason
        }


@dataclass(frozen=True)
class ImageRows:
    """Examples whose inputs are image files."""

    files: ImageFiles
    numbers: Rows = field(repr=False)
    """(N,) the number of the file of each example."""
    targets: Array

    weights: None = None

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(height, width) or (height, width, 3)."""
        return self.files.shape

    @property
    def input_type(self) -> np.dtype[Any]:
        """The type of the pixels."""
        return np.dtype(np.uint8)

    def select(self, rows: Rows) -> ImageRows:
        """Some of the examples, which are not read."""
        return ImageRows(self.files, self.numbers[rows], self.targets[rows])

    def take(self, rows: Rows | slice) -> Part:
        """Read the examples of these rows, in this order."""
        return Part(self.files.read(self.numbers[rows]), self.targets[rows])

    def update_digest(self, state: Any) -> None:
        """Feed the identity of all examples to a running digest."""
        self.files.update_digest(state, self.numbers)
        update_digest(state, self.targets)

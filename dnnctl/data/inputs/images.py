"""New image files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from dnnctl.data.dataset import Rows
from dnnctl.data.images.decode import Form, Pixels, decode
from dnnctl.data.images.examine import read_file
from dnnctl.data.images.listing import listed, printable
from dnnctl.data.images.threads import for_each
from dnnctl.data.inputs.batch import InputBatch, InputForm
from dnnctl.errors import DataError
from dnnctl.specs.images import Images
from dnnctl.specs.source import TfRecord
from dnnctl.text import format_count, format_shape

BATCH = 256


class ImageInputs:
    """Image files, decoded as those of training.

    Args:
        read: the bytes of the image with a path; by default those of the file.
        skips: whether images that cannot be used have no row, and are named in a note; otherwise they are an error.

    Raises:
        DataError: the network takes no images.
    """

    def __init__(
        self,
        paths: Sequence[str],
        form: InputForm,
        read: Callable[[str], bytes] = lambda path: read_file(Path(path)),
        *,
        skips: bool = False,
    ) -> None:
        if not form.is_pixels or not (len(form.shape) == 2 or (len(form.shape) == 3 and form.shape[2] == 3)):
            taken = "the columns of a table" if form.encoding else f"arrays of {format_shape(form.shape)}"
            raise DataError(f"{printable(paths[0])} is an image, but {form.run} takes {taken}.")
        self.paths = paths
        self.form = form
        self.read = read
        self.skips = skips
        self.decoding = _decoding(form)
        self.colored: set[str] = set()
        self.problems: list[str] = []

    def batches(self) -> Iterator[InputBatch]:
        """The images in order.

        Raises:
            DataError: some cannot be read, or have another size; if these are skipped: all of them.
        """
        self.problems = []
        for start in range(0, len(self.paths), BATCH):
            paths = self.paths[start : start + BATCH]
            rows, pixels = self._read(paths)
            if len(rows):
                yield InputBatch({"path": [printable(paths[row]) for row in rows.tolist()]}, pixels)
        if len(self.problems) == len(self.paths):
            raise DataError(_refusal(self.problems))

    def notes(self) -> list[str]:
        """Which images were skipped, and how many lost their colors."""
        found, n = [], format_count(len(self.paths), "image")
        if self.problems:
            lines = listed(self.problems, len(self.problems))
            found.append("\n".join([f"{len(self.problems):,} of {n} cannot be used and have no row:", *lines]))
        if self.colored:
            kept = f"{len(self.colored):,} of {n}"
            found.append(f"{kept} are in color; the network was trained on grey values and gets only those")
        return found

    def _read(self, paths: Sequence[str]) -> tuple[Rows, Pixels]:
        """The rows of the images that can be used, and their pixels."""
        pixels = np.empty((len(paths), *self.form.shape), np.uint8)
        problems: dict[int, str] = {}

        def read_one(row: int) -> None:
            try:
                pixels[row] = self._decode(paths[row])
            except DataError as error:
                problems[row] = f"{paths[row]}: {error}"

        for_each(len(paths), read_one)
        found = [problems[row] for row in sorted(problems)]
        if found and not self.skips:
            raise DataError(_refusal(found))
        self.problems += found
        rows = np.array([row for row in range(len(paths)) if row not in problems], np.intp)
        return rows, pixels[rows] if found else pixels

    def _decode(self, path: str) -> Pixels:
        found = decode(self.read(path), self.decoding)
        if found.pixels.shape != self.form.shape:
            ours, size = format_shape(self.form.shape[:2]), format_shape(found.pixels.shape[:2])
            raise DataError(f"{size}, but {self.form.run} was trained on {ours}. Resize the image")
        if self.decoding.color == "grey" and not found.is_grey:
            self.colored.add(path)
        return found.pixels


def _refusal(problems: Sequence[str]) -> str:
    return "\n".join(["Images cannot be used:", *listed(problems, len(problems))])


def _decoding(form: InputForm) -> Form:
    """How images are decoded: they are resized only if those of training were."""
    source = form.source
    color: Literal["grey", "rgb"] = "grey" if len(form.shape) == 2 else "rgb"
    if not isinstance(source, Images | TfRecord) or isinstance(source.size, str):
        return Form(None, color=color)
    return Form((form.shape[0], form.shape[1]), source.resize, color)

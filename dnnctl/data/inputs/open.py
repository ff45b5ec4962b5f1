"""From what the user names to a reader of its rows."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import BinaryIO

from dnnctl.data.images.listing import printable
from dnnctl.data.inputs.arrays import ArrayInputs, open_array
from dnnctl.data.inputs.batch import InputForm, InputReader
from dnnctl.data.inputs.files import STDIN, images_below, kind_of
from dnnctl.data.inputs.images import ImageInputs
from dnnctl.data.inputs.json_lines import JsonInputs, stream_records
from dnnctl.data.inputs.records import RecordInputs
from dnnctl.data.inputs.tables import TableInputs, open_table
from dnnctl.data.tables.wording import listed
from dnnctl.errors import DataError, UserError
from dnnctl.specs.source import Npz
from dnnctl.text import format_shape

TABLES = ("csv", "parquet", "arrow")
ARRAYS = ("npy", "npz")
IMAGES = ("image", "folder")


def open_inputs(files: Sequence[str], form: InputForm, keep: Sequence[str] = ()) -> InputReader:
    """A reader of files, which are all of one kind: one file with rows, or any number of images.

    Args:
        files: paths, or `-` for JSON lines on standard input.
        keep: columns of the input that are given along.

    Raises:
        UserError: the files do not fit the run, or cannot be read.
    """
    kinds = [kind_of(path) for path in files]
    if all(kind in IMAGES for kind in kinds):
        if keep:
            raise UserError(f"--keep {','.join(keep)}: images have no columns.")
        paths = [each for path, kind in zip(files, kinds, strict=True) for each in _images(path, kind)]
        return ImageInputs(paths, form, skips=True)
    if len(files) > 1:
        raise UserError(f"Give one file at a time, or several images. Received: {listed(map(printable, files))}.")
    return _open_one(kinds[0], files[0], form, keep)


def _images(path: str, kind: str) -> list[str]:
    return images_below(path) if kind == "folder" else [path]


def _open_one(kind: str, path: str, form: InputForm, keep: Sequence[str]) -> InputReader:
    if kind == "jsonl":
        place = "standard input (JSON lines)" if path == STDIN else path
        if form.encoding is not None:
            return TableInputs(stream_records(partial(_open, path), place), form, keep)
        return JsonInputs(partial(_open, path), place, form, keep)
    if kind in TABLES:
        if form.encoding is None:
            raise DataError(f"{printable(path)} is a table, but {form.run} takes {_wanted(form)}.")
        return TableInputs(open_table(kind, path, form), form, keep)
    if kind == "tfrecord":
        if keep:
            raise UserError(f"--keep {','.join(keep)}: other features of TFRecord files cannot be kept.")
        return RecordInputs(path, form)
    if form.encoding is not None:
        raise DataError(f"{printable(path)} is an array, but {form.run} takes {_wanted(form)}.")
    if keep:
        raise UserError(f"--keep {','.join(keep)}: arrays have no named columns.")
    name = form.source.test_inputs if isinstance(form.source, Npz) else None
    return ArrayInputs(open_array(kind, path, name), form)


def _wanted(form: InputForm) -> str:
    if form.encoding is not None:
        names = listed(how.name for how in form.encoding.columns)
        return f"the columns of a table: {names}. Give a .csv, .tsv, .parquet, .arrow or .jsonl file"
    images = ", or images" if form.is_pixels else ""
    return f"arrays of {format_shape(form.shape)}. Give a .npy, .npz or .jsonl file{images}"


def _open(path: str) -> AbstractContextManager[BinaryIO]:
    """A file, or standard input, which stays open."""
    if path == STDIN:
        return nullcontext(sys.stdin.buffer)
    try:
        return open(path, "rb")
    except OSError as error:
        raise DataError(f"{printable(path)} cannot be read: {error.strerror or error}.") from None

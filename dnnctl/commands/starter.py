"""A spec that is written from data: `dnnctl init FILE --from DATA`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dnnctl.commands.preset import read_preset, write_new_spec
from dnnctl.commands.starter_text import fill_preset
from dnnctl.errors import UserError
from dnnctl.events.event import Report, ignore, report_progress

if TYPE_CHECKING:
    from dnnctl.data.guess.guess import Guess

SMALLEST_IMAGE = 8
"""Arrays with a smaller height or width are rows of numbers, not images."""


@dataclass(frozen=True)
class Starter:
    """A spec that was written from data."""

    path: Path
    preset: str
    findings: tuple[str, ...]
    """What was guessed, and how to change it."""


def write_starter(path: Path, data: Path, *, target: str | None = None, report: Report = ignore) -> Starter:
    """Write a complete spec for a file or a folder of images. Imports no framework.

    Args:
        path: the new spec.
        data: a table, a NumPy or JSON lines file, or a folder of images.
        target: the column, array or key to predict; None to guess it.
        report: called with the progress of reading images.

    Raises:
        UserError: the spec exists, or the data are missing or of an unknown kind. No spec is written.
    """
    from dnnctl.data.guess.endings import guess_source

    if path.exists():
        raise UserError(f"{path} already exists and was not overwritten. Choose another name.")
    place = relative_path(data, path.parent)
    guess = guess_source(data, target, partial(report_progress, report))
    preset = preset_for(guess)
    shape = guess.input_shape
    has_flatten = preset != "images" and shape is not None and len(shape) > 1
    write_new_spec(path, fill_preset(read_preset(preset), guess, place, data=data.name, has_flatten=has_flatten))
    return Starter(path, preset, guess.findings)


def preset_for(guess: Guess) -> str:
    """The preset that fits the data."""
    shape = guess.input_shape
    if guess.kind == "images" or (shape is not None and _is_image(shape)):
        return "images"
    return "regression" if guess.task == "numbers" else "tabular"


def relative_path(data: Path, folder: Path) -> str:
    """The path of the data as a spec in a folder names it.

    Raises:
        UserError: the path is not text in UTF-8, so that no spec can name it.
    """
    path = Path(os.path.relpath(data.absolute(), folder.resolve())).as_posix()
    try:
        path.encode()
    except UnicodeEncodeError:
        raise UserError(f"The path of {data} is not UTF-8 text, so that a spec cannot contain it. Rename it.") from None
    return path


def _is_image(shape: tuple[int, ...]) -> bool:
    """Whether an example is height × width, with one to four channels."""
    has_channels = len(shape) == 3 and shape[2] <= 4
    return (len(shape) == 2 or has_channels) and min(shape[:2]) >= SMALLEST_IMAGE

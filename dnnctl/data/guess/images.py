"""The size to which the images of a folder, or of a table of paths, are scaled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.cache import Progress
from dnnctl.data.guess.guess import Entry, Guess
from dnnctl.data.guess.table import choose_target
from dnnctl.data.images.decode import Form
from dnnctl.data.images.folder import READABLE, list_folder
from dnnctl.data.images.index import build_index
from dnnctl.data.images.kept import Kept
from dnnctl.data.images.listing import Listing
from dnnctl.data.images.table import list_table
from dnnctl.data.tables.table_file import TableFile
from dnnctl.errors import DataError
from dnnctl.specs.images import Images

LARGEST, USUAL = 256, 128
"""Images of the same size are scaled if they are larger than `LARGEST`. `USUAL` is the largest side after scaling."""
STEP = 8
N_EXAMINED = 5
IMAGE, SPLIT = "image", "split"


def guess_folder(path: Path, progress: Progress) -> Guess:
    """The images in a folder.

    Raises:
        DataError: there are no images, or they are not in class folders.
    """
    return _guess(path, list_folder(path), (), progress)


def find_image_column(file: TableFile) -> str | None:
    """The column with paths of images, relative to the file; None if there is none."""
    for name in file.names:
        values = file.select([name])[name].slice(0, N_EXAMINED).to_pylist()
        if values and all(_is_image(Path(file.path).parent, value) for value in values):
            return name
    return None


def guess_image_table(file: TableFile, column: str, target: str | None, progress: Progress) -> Guess:
    """The images that a table names.

    Raises:
        DataError: there is no such target.
    """
    split = next((name for name in file.names if name.lower() == SPLIT), None)
    rest = [column, *(name for name in file.names if name not in (column, split))]
    label, finding = choose_target(rest, target, file.path)
    entries = [Entry("image", column, "the column of paths"), Entry("label", label, "the column to predict")]
    if split is not None:
        entries.append(Entry("split", split, "the column of train, validation and test"))
    source = Images(kind="images", path=file.path, image=column, label=label, split=split or "none")
    guess = _guess(Path(file.path), list_table(source), entries, progress)
    return Guess(guess.entries, "images", "classes", None, guess.has_validation, (*finding, *guess.findings))


def _is_image(folder: Path, value: object) -> bool:
    if not isinstance(value, str) or value.rpartition(".")[2].lower() not in READABLE:
        return False
    try:
        return (folder / value).is_file()
    except (OSError, ValueError):
        return False


def _guess(path: Path, listing: Listing, entries: Sequence[Entry], progress: Progress) -> Guess:
    form = Form(None, "stretch", "auto")
    index = build_index(path, listing.root, listing.paths(), form, Kept(len(listing.files)), progress)
    sizes = index.sizes[[number for number, problem in enumerate(index.problems) if not problem]]
    if not len(sizes):
        raise DataError(f"{path}: no image can be read. The first: {listing.paths()[0]}: {index.problems[0]}.")
    size, finding = common_size(sizes)
    lines = [*entries, Entry("size", size, "height and width; none: all images have the same size")]
    lines.append(Entry("color", "grey" if index.is_grey.all() else "rgb", "or grey, rgb, auto"))
    splits = {file.split for file in listing.files}
    if "test" not in splits:
        lines.append(Entry("test", {"size": 0.2}, "20 % of the images, at random, the same for every seed; or none"))
    findings = (finding,) if finding else ()
    return Guess(tuple(lines), "images", "classes", None, "validation" in splits, findings)


def common_size(sizes: NDArray[np.int32]) -> tuple[list[int] | str, str]:
    """The height and width to which images are scaled, and why. `none` if they are left as they are.

    Args:
        sizes: (N, 2) height and width of each image.
    """
    height, width = np.median(sizes, axis=0)
    is_same = bool((sizes == sizes[0]).all())
    if is_same and max(height, width) <= LARGEST:
        return "none", ""
    if not is_same:
        side = _rounded(min(USUAL, float(np.median(sizes.min(axis=1)))))
        return [side, side], f"images of different sizes are scaled to {side} × {side}; change it with `size`"
    scale = USUAL / max(height, width)
    scaled = [_rounded(height * scale), _rounded(width * scale)]
    return (
        scaled,
        f"images of {height:.0f} × {width:.0f} are scaled to {scaled[0]} × {scaled[1]}; change it with `size`",
    )


def _rounded(side: float) -> int:
    return max(STEP, int(side) // STEP * STEP)

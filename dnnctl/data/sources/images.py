"""Image files in class folders, or named in a CSV file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import PIL

from dnnctl.data.arrays import Targets, encode_targets
from dnnctl.data.cache import Progress
from dnnctl.data.dataset import Array, RawData, Rows
from dnnctl.data.held_out import hold_out
from dnnctl.data.images.decode import Form
from dnnctl.data.images.folder import list_folder
from dnnctl.data.images.index import Index, build_index
from dnnctl.data.images.kept import Kept
from dnnctl.data.images.listing import Listing, enumerated, listed
from dnnctl.data.images.pixel_cache import open_pixels
from dnnctl.data.images.rows import ImageFiles, ImageRows
from dnnctl.data.images.table import list_table
from dnnctl.errors import DataError
from dnnctl.specs.images import Images
from dnnctl.specs.size import Size
from dnnctl.text import format_count

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
MOST_SIZES = 5


def load(source: Images, progress: Progress) -> RawData:
    """The images in a folder or a table.

    Raises:
        DataError: there are none, some cannot be read, or their sizes differ and the source does not give one.
    """
    whole = _list(source)
    kept = Kept(len(whole.files))
    index = build_index(Path(source.path), whole.root, whole.paths(), _form(source), kept, progress)
    problems = [f"{path}: {problem}" for path, problem in zip(whole.paths(), index.problems, strict=True) if problem]
    if problems and source.on_error == "refuse":
        raise DataError(_refusal(whole, problems))
    readable = np.array([number for number, problem in enumerate(index.problems) if not problem], np.intp)
    listing, index = replace(whole, files=[whole.files[number] for number in readable]), index.take(readable)
    splits = _splits(listing, whole)
    targets = _targets(source, listing, splits)
    form, shape = _common_form(source, listing, index)
    files = ImageFiles(listing.root, listing.paths(), index, form, shape, kept.take(shape, readable))
    if source.cache:
        files = _with_cache(files, partial(progress, f"pixels of {Path(source.path).name}", is_download=False))
    rows = {split: ImageRows(files, numbers, targets.splits[split]) for split, numbers in splits.items()}
    if source.test != "none":
        rows |= _held_out(source.test.size, rows, targets)
    return RawData(
        rows["train"],
        rows.get("test"),
        targets.task,
        targets.class_names,
        validation=rows.get("validation"),
        warnings=_warnings(whole, problems),
        row_numbers=rows["train"].numbers,
        files=files.paths,
    )


def _list(source: Images) -> Listing:
    path = Path(source.path)
    if path.is_dir():
        if source.task != "classes" or source.split != "none":
            raise DataError("data.source: `task` and `split` are for a CSV file, but `path` is a folder. Remove them.")
        return list_folder(path)
    if not path.exists():
        rule = "The path is relative to the spec that contains it; with --set, to the working directory."
        raise DataError(f"{path}: no such folder or file. Fix `data.source.path`. {rule}")
    if path.suffix.lower() in ARCHIVES:
        raise DataError(f"{path} is an archive. Unpack it, and name the folder in `data.source.path`.")
    return list_table(source)


def _form(source: Images) -> Form:
    size = source.size
    if isinstance(size, str):
        return Form(None, source.resize, source.color)
    height, width = (size, size) if isinstance(size, int) else size
    return Form((height, width), source.resize, source.color)


def _splits(listing: Listing, whole: Listing) -> dict[str, Rows]:
    """For each split, the numbers of its files."""
    names = np.array([file.split for file in listing.files])
    splits = {split: np.flatnonzero(names == split) for split in dict.fromkeys(file.split for file in whole.files)}
    for split, numbers in splits.items():
        if not len(numbers):
            raise DataError(f"{listing.root}: no image of the {split} split can be read.")
    return splits


def _targets(source: Images, listing: Listing, splits: Mapping[str, Rows]) -> Targets:
    labels = {split: [listing.files[number].label for number in numbers] for split, numbers in splits.items()}
    if source.task == "numbers":
        return encode_targets({split: _numbers(source, words) for split, words in labels.items()}, "numbers")
    are_numbers = not Path(source.path).is_dir() and all(_is_whole(file.label) for file in listing.files)
    kind = np.int64 if are_numbers else np.str_
    return encode_targets({split: np.array(words).astype(kind) for split, words in labels.items()}, "classes")


def _held_out(size: Size, rows: Mapping[str, ImageRows], targets: Targets) -> dict[str, ImageRows]:
    """The training images without those of the test, and these."""
    if "test" in rows:
        raise DataError("data.source.test: the images have a test split of their own. Remove this key.")
    whole = rows["train"]
    train, test = hold_out(RawData(whole, None, targets.task, targets.class_names), size)
    return {"train": whole.select(train), "test": whole.select(test)}


def _is_whole(word: str) -> bool:
    return re.fullmatch(r"-?[0-9]{1,18}", word) is not None


def _numbers(source: Images, words: Sequence[str]) -> Array:
    for word in words:
        try:
            float(word)
        except ValueError:
            raise DataError(
                f"{source.path}: {word!r} in the column '{source.label}' is not a number. Write `task: classes`, or "
                "correct the file."
            ) from None
    return np.array([float(word) for word in words])


def _common_form(source: Images, listing: Listing, index: Index) -> tuple[Form, tuple[int, ...]]:
    """The form and the shape that all pixels have."""
    wanted = _form(source)
    is_grey = wanted.color == "grey" or (wanted.color == "auto" and bool(index.is_grey.all()))
    size = wanted.size or _common_size(listing, index)
    return replace(wanted, color="grey" if is_grey else "rgb"), size if is_grey else (*size, 3)


def _with_cache(files: ImageFiles, report: Callable[[int, int], None]) -> ImageFiles:
    """The same files, with their pixels on the disk."""
    numbers = np.arange(len(files.paths))
    state = sha256(PIL.__version__.encode())
    files.update_digest(state, numbers)
    cache = open_pixels(state.hexdigest(), len(numbers), files.shape, files.read, report)
    return replace(files, kept=None, cache=cache)


def _common_size(listing: Listing, index: Index) -> tuple[int, int]:
    sizes, counts = np.unique(index.sizes, axis=0, return_counts=True)
    if len(sizes) > 1:
        order = np.argsort(-counts, kind="stable")
        named = [f"{sizes[each][0]} × {sizes[each][1]} ({format_count(int(counts[each]), 'image')})" for each in order]
        more = f" and {len(named) - MOST_SIZES} more" if len(named) > MOST_SIZES else ""
        raise DataError(
            f"{listing.root}: the images have different sizes: {', '.join(named[:MOST_SIZES])}{more} (height × width). "
            "Set `data.source.size`, for example `size: [64, 64]`."
        )
    return int(sizes[0][0]), int(sizes[0][1])


def _refusal(listing: Listing, problems: Sequence[str]) -> str:
    first = f"{listing.root}: {len(problems):,} of {format_count(len(listing.files), 'image')} cannot be read:"
    last = "Replace or remove these files, or write `on_error: skip` in data.source."
    return "\n".join([first, *listed(problems, len(problems)), last])


def _warnings(listing: Listing, problems: Sequence[str]) -> tuple[str, ...]:
    found = []
    if problems:
        files = format_count(len(problems), "image")
        found.append(f"{files} cannot be read and will not be used: {enumerated(problems)}")
    if listing.others:
        others = format_count(len(listing.others), "file")
        found.append(f"{listing.root}: ignored {others} of other kinds: {enumerated(listing.others)}")
    return tuple(found)

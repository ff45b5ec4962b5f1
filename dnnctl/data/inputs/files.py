"""Which files are meant, and what is in them."""

from __future__ import annotations

from glob import glob, has_magic
from pathlib import Path

from dnnctl.data.images.folder import READABLE, UNREADABLE, files_below
from dnnctl.data.images.listing import printable
from dnnctl.errors import DataError

STDIN = "-"
ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".npy": "npy",
    ".npz": "npz",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".tfrecord": "tfrecord",
    ".tfrecords": "tfrecord",
    **{f".{ending}": "image" for ending in READABLE | UNREADABLE},
}
"""The kind of a file by its ending; that of a CSV file may be followed by .gz."""
ALLOWED = (
    "Allowed: .csv, .tsv (also .gz), .parquet, .arrow, .feather, .npy, .npz, .jsonl, .tfrecord, image files, "
    "a folder of images, or - for JSON lines on standard input."
)


def find_files(places: list[str]) -> list[str]:
    """The files that are meant by paths and patterns such as `photos/*.png`; a pattern's files are sorted.

    Raises:
        DataError: a file does not exist.
    """
    return [path for place in places for path in _find(place)]


def kind_of(path: str) -> str:
    """`csv`, `parquet`, `arrow`, `npy`, `npz`, `jsonl`, `tfrecord`, `image` or `folder`.

    Raises:
        DataError: the ending is unknown.
    """
    if path == STDIN:
        return "jsonl"
    file = Path(path)
    if file.is_dir():
        return "folder"
    suffixes = [suffix.lower() for suffix in file.suffixes[-2:]] or [""]
    is_packed = suffixes[-1] == ".gz" and len(suffixes) == 2
    kind = ENDINGS.get(suffixes[0] if is_packed else suffixes[-1])
    if kind is None or (is_packed and kind != "csv"):
        ending = "".join(suffixes) if is_packed else suffixes[-1]
        found = f"files that end in {printable(ending)}" if ending else "files without an ending"
        raise DataError(f"{printable(path)}: {found} cannot be read. {ALLOWED}")
    return kind


def images_below(folder: str) -> list[str]:
    """The paths of the images in a folder and its subfolders, sorted.

    Raises:
        DataError: there are none.
    """
    found = sorted(path for path in files_below(Path(folder), 0) if ENDINGS.get(Path(path).suffix.lower()) == "image")
    if not found:
        raise DataError(f"{printable(folder)} has no images.")
    return [str(Path(folder) / path) for path in found]


def _find(place: str) -> list[str]:
    if place == STDIN:
        return [STDIN]
    try:
        if Path(place).exists():
            return [place]
        found = sorted(glob(place, recursive=True)) if has_magic(place) else []  # noqa: PTH207 (Path.glob is relative)
    except (OSError, ValueError) as error:
        raise DataError(f"{printable(place)} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if not found:
        hint = "No file matches this pattern." if has_magic(place) else "No such file or folder."
        raise DataError(f"{printable(place)}: {hint}")
    return found

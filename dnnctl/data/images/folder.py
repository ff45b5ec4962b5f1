"""Images in a folder: one folder for each class, optionally inside one folder for each split."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from unicodedata import normalize

from dnnctl.data.images.listing import SPLITS, ImageFile, Listing, enumerated, listed, printable
from dnnctl.errors import DataError

READABLE = {"png", "jpg", "jpeg", "jpe", "jfif", "gif", "bmp", "webp", "tif", "tiff", "ppm", "pgm", "pbm", "pnm"}
UNREADABLE = {"heic", "heif", "avif", "jp2", "jxl", "svg", "psd", "dng", "cr2", "nef", "arw", "tga"}
"""Images in formats that cannot be read. They are reported like damaged files: ignoring them would lose examples."""
SYSTEM_FILES = {"thumbs.db", "desktop.ini", "__macosx"}
"""What file managers leave, in lower case. Names that start with a dot are ignored, too."""
LAYOUT = (
    "Put the images of each class into a folder with the name of the class (cat/1.png, dog/2.png), or set "
    "`data.source.path` to a CSV file with the path and the label of each image."
)


def list_folder(root: Path, *, needs_classes: bool = True) -> Listing:
    """The images below a folder. Their order depends only on their names: split, class, path.

    Args:
        needs_classes: whether every class folder must have images, and there must be several.

    Raises:
        DataError: an image is not in a class folder, a class has no images, or the splits are ambiguous.
    """
    folders = sorted(entry.name for entry in _entries(root) if _is_folder(entry))
    splits = _splits(root, folders)
    level = 1 if splits else 0
    images: list[str] = []
    others: list[str] = []
    for path in files_below(root, level + 1):
        (images if path.rpartition(".")[2].lower() in READABLE | UNREADABLE else others).append(path)
    loose = sorted(path for path in images if path.count("/") <= level)
    if loose or not images:
        found = f"contains images that are not in a class folder: {enumerated(loose)}" if loose else "has no images"
        raise DataError(f"{root} {found}. {LAYOUT}")
    files = [_file(path, splits, level) for path in images]
    if needs_classes:
        _check_folders(root, files, splits, folders)
    order = list(dict.fromkeys(SPLITS.values()))
    files.sort(key=lambda file: (order.index(file.split), file.label, file.path))
    return Listing(root, files, sorted(others))


def files_below(root: Path, level: int) -> Iterator[str]:
    """The path of every file below a folder, relative to it. Links to folders are followed.

    Args:
        level: the depth of the class folders. Inside each of them, a folder is entered once, so that links that form
            a circle end.
    """
    root_identity = _identity(root)
    seen = set()
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for entry in _entries(root / folder):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if not _is_folder(entry):
                yield path
                continue
            own = ("/".join(path.split("/")[:level]), _identity(root / path))
            if own not in seen and own[1] != root_identity:
                seen.add(own)
                waiting.append(path)


def _file(path: str, splits: Mapping[str, str], level: int) -> ImageFile:
    parts = path.split("/")
    return ImageFile(path, splits[parts[0]] if splits else "train", _label(parts[level], path))


def _label(name: str, path: str) -> str:
    """The class of a folder. File systems spell accents differently; the class has one spelling."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise DataError(f"The name of the class folder in {printable(path)} is not UTF-8. Rename the folder.") from None
    return normalize("NFC", name)


def _splits(root: Path, folders: list[str]) -> dict[str, str]:
    """The split of each folder; empty if the folders are classes."""
    splits = {name: SPLITS[name.lower()] for name in folders if name.lower() in SPLITS}
    if "train" not in splits.values():
        if splits and len(splits) == len(folders):
            raise DataError(f"{root} has {enumerated(folders)}, but no folder `train`. {LAYOUT}")
        return {}
    for split in splits.values():
        spellings = [name for name in folders if splits.get(name) == split]
        if len(spellings) > 1:
            raise DataError(f"{root} has several folders for the {split} split: {', '.join(spellings)}. Keep one.")
    rest = [name for name in folders if name not in splits]
    if rest:
        raise DataError(
            f"{root} has folders for splits ({', '.join(splits)}) and others ({enumerated(rest)}). Move the others "
            "elsewhere. The names of splits are train, validation and test."
        )
    return splits


def _check_folders(root: Path, files: list[ImageFile], splits: Mapping[str, str], folders: list[str]) -> None:
    """Check that every class folder of the training split has images."""
    trains = [name for name in splits if splits[name] == "train"]
    base = root / trains[0] if trains else root
    classes = sorted(entry.name for entry in _entries(base) if _is_folder(entry)) if trains else folders
    full = {file.label for file in files if file.split == "train"}
    empty = [name for name in classes if normalize("NFC", name) not in full]
    if empty:
        lines = "\n".join(listed(empty, len(empty)))
        raise DataError(
            f"{base} has folders without images, but every folder in it is a class. Add images, or put the folders of "
            f"the classes into a folder of their own:\n{lines}"
        )
    if len(full) == 1:
        raise DataError(
            f"{base} has one class folder, {enumerated(classes)}, so there is nothing to learn. {LAYOUT} If the "
            "folders inside of it are the classes, add its name to `data.source.path`."
        )


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder, sorted, without hidden files and what file managers leave."""
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not _is_ignored(entry.name)]
    except OSError as error:
        raise DataError(f"{printable(str(folder))} cannot be read: {error.strerror or error}.") from None
    return sorted(found, key=lambda entry: entry.name)


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM_FILES


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino

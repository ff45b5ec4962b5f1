"""The file of a spec: its text, which is read once, and the paths that are relative to it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from dnnctl.errors import Fault, Place, SpecError
from dnnctl.specs.path import Path as SpecPath
from dnnctl.specs.path import dotted
from dnnctl.specs.reading.document import Node

MAX_BYTES = 1 << 20
DATA = (".csv", ".tsv", ".parquet", ".arrow", ".feather", ".npz", ".npy", ".jsonl", ".tfrecord")
"""The endings of data files."""
MAX_PATH, MAX_FILE_NAME = 4095, 255
"""The most bytes that Linux allows in a path and in a file name."""


def read_file(path: Path) -> str:
    """The text of a spec. It may be a pipe, which can be read only once.

    Raises:
        SpecError: the file cannot be read, is too large, or is not UTF-8.
    """

    def refuse(rule: str, hint: str = "") -> SpecError:
        return SpecError([Fault(rule, place=Place(str(path)), hint=hint)])

    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise refuse("is a directory; a spec is a YAML file", _specs_inside(path)) from None
    except FileNotFoundError:
        is_change = "=" in path.name
        hint = f"Each change needs its own --set: --set {path}" if is_change else _specs_inside(path.parent)
        raise refuse("no such file", hint) from None
    except (OSError, ValueError) as error:
        raise refuse(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(raw) > MAX_BYTES:
        raise refuse(f"the file is larger than {MAX_BYTES >> 20} MiB: too large for a spec", "Is this a data file?")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        rule = f"line {line} is not UTF-8 text (byte 0x{raw[error.start]:02x} at offset {error.start})"
        raise refuse(rule, "Save the file as UTF-8.") from None


def check_is_no_data(path: Path) -> None:
    """Refuse a data file, with the command that writes a spec for it.

    Raises:
        SpecError: the name of the file ends like that of data.
    """
    if path.suffix.lower() in DATA and path.is_file():
        hint = f"`dnnctl init new.yaml --from {path}` writes a spec for it."
        raise SpecError([Fault("is a data file, not a spec", place=Place(str(path)), hint=hint)])


def check_can_be_read_again(path: Path) -> None:
    """Refuse pipes where a spec is read by several processes, or is written.

    Raises:
        SpecError: the file exists, but is not a regular file.
    """
    with suppress(OSError, ValueError):
        mode = path.stat().st_mode
        if not S_ISREG(mode) and not S_ISDIR(mode):
            rule = "is not a regular file, but the spec must be read more than once"
            raise SpecError([Fault(rule, place=Place(str(path)), hint="Save the spec to a file first.")])


def named_path(node: Node, key: SpecPath) -> Path:
    """The path that a value of a spec names; a relative one starts at the folder of the spec that contains it.

    It starts at the working directory if the value is on the command line or in a pipe.

    Raises:
        SpecError: there can be no file with this path.
    """
    text = str(node.value)
    try:
        path = Path(text).expanduser()
        return _checked(path if path.is_absolute() else _folder(node.place) / path)
    except FileNotFoundError:
        reason = "it is relative, and the working directory was deleted"
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    raise SpecError([Fault(f"is not a usable path: {reason}", dotted(key), node.place, received=repr(text))])


def _folder(place: Place) -> Path:
    file = Path(place.file)
    if place.file.startswith("--set ") or not file.is_file():
        return Path.cwd()
    return file.parent


def _checked(path: Path) -> Path:
    """The path itself.

    Raises:
        ValueError: the system allows no such path.
        FileNotFoundError: it is relative, and the working directory was deleted.
        RuntimeError: it follows links that lead back to themselves.
    """
    raw = os.fsencode(path)
    if b"\0" in raw:
        raise ValueError("it contains a null character")
    try:
        raw.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    if len(raw) > MAX_PATH or max(map(len, raw.split(b"/"))) > MAX_FILE_NAME:
        raise ValueError("it is too long")
    path.resolve()
    return path


def _specs_inside(directory: Path) -> str:
    """A hint that lists the YAML files in a directory."""
    try:
        names = sorted(entry.name for entry in directory.iterdir() if entry.suffix in (".yaml", ".yml"))
    except (OSError, ValueError):
        return ""
    return f"YAML files in {directory}: {', '.join(names[:8])}" if names else ""

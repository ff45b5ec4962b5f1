"""Whether the files that a source names exist."""

from __future__ import annotations

from glob import glob
from pathlib import Path
from typing import TypeAlias

from dnnctl.specs.source import FILE_KEYS, Source, TfRecord
from dnnctl.specs.table import Table

Keys: TypeAlias = tuple[str, ...]
"""The path of a key below `data.source`."""


def missing_files(source: Source) -> list[tuple[Keys, str]]:
    """The keys of a source whose file or folder does not exist, and its path. Nothing is opened."""
    named: list[tuple[Keys, str]] = [
        ((key,), getattr(source, key, "none")) for key in FILE_KEYS.get(source.kind, ("path",))
    ]
    if isinstance(source, Table) and source.test != "none":
        named.append((("test", "path"), source.test.path))
    is_pattern = isinstance(source, TfRecord)
    return [
        (keys, path)
        for keys, path in named
        if path != "none" and not Path(path).exists() and not (is_pattern and matching_files(path))
    ]


def matching_files(pattern: str) -> list[str]:
    """The file of this name, or the files that match a pattern such as `train-*.tfrecord`, sorted."""
    if Path(pattern).is_file():
        return [pattern]
    return sorted(path for path in glob(pattern, recursive=True) if Path(path).is_file())  # noqa: PTH207 (may be absolute)


def file_size(path: str) -> int:
    """The bytes of a file, or of the files in a folder; 0 if there is none."""
    files = [path] if not Path(path).is_dir() else [str(file) for file in Path(path).iterdir()]
    return sum(Path(file).stat().st_size for file in files if Path(file).is_file())

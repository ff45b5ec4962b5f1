"""Whether the files that a source names exist."""

from __future__ import annotations

from pathlib import Path

from dnnctl.specs.source import FILE_KEYS, Source


def missing_files(source: Source) -> list[tuple[str, str]]:
    """The keys of a source whose file or folder does not exist, and its path. Nothing is opened."""
    named = [(key, getattr(source, key, "none")) for key in FILE_KEYS.get(source.kind, ("path",))]
    return [(key, path) for key, path in named if path != "none" and not Path(path).exists()]

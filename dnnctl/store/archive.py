"""Zip archives (.keras and .npz files), checked before they are unpacked."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile, ZipFile

from dnnctl.store.files import open_to_read

MAX_EXPANSION = 100
"""Keras and `np.savez` do not compress; compressed predictions rarely shrink to less than a twentieth."""
HARMLESS_BYTES = 1 << 26
"""Archives that unpack to at most this size are not checked."""


class ArchiveError(Exception):
    """A file is not an archive, or unpacks to far more than its size."""


def check_archive(path: Path) -> None:
    """Check that a file is a zip archive that does not unpack to far more than its own size.

    Only the archive's directory is read: Python's zipfile never unpacks more of a file than it states.

    Raises:
        ArchiveError: it is not.
        OSError: it cannot be read, or is a pipe or another special file, which could block.
    """
    try:
        with open_to_read(path.resolve()) as file, ZipFile(file) as archive:
            n_bytes = sum(entry.file_size for entry in archive.infolist())
    except (BadZipFile, ValueError, NotImplementedError) as error:
        raise ArchiveError(f"it is not a zip archive ({error})") from None
    size = path.stat().st_size
    if n_bytes > max(HARMLESS_BYTES, MAX_EXPANSION * size):
        raise ArchiveError(f"it would unpack from {size:,} to {n_bytes:,} bytes")

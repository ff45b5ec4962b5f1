"""Which run folders may be written to: those of the user, without links to files elsewhere.

A run from somebody else may contain links to any file of the user. Whatever writes into such a run, or deletes from it,
would change that file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from tempfile import TemporaryFile

from dnnctl.errors import RunError


def check_own(folder: Path) -> None:
    """Check that a run's folder and everything in it may be written to.

    Raises:
        RunError: something in it is a link, not a regular file, or belongs to another user.
    """
    try:
        found = {folder: folder.lstat(), **dict(_entries(folder))}
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunError(f"Cannot write to {folder}: {error.filename} cannot be read ({error.strerror}).") from None
    for path, status in found.items():
        if _is_link(status):
            raise RunError(
                f"Cannot write to {folder}: {path.relative_to(folder)} {_describe(status)}. Delete it, or replace it "
                f"with a copy of the file."
            )
    strangers = [path for path, status in found.items() if status.st_uid != os.geteuid()]
    if strangers and any(found[path].st_uid != _owner_of_new_files(folder.parent) for path in strangers):
        what = "it" if strangers[0] == folder else str(strangers[0].relative_to(folder))
        raise RunError(
            f"Cannot write to {folder}: {what} belongs to another user. Copy the run and use the copy: "
            f"cp -r {quote(str(folder))} DIRECTORY"
        )


def find_links(folder: Path) -> list[str]:
    """The symbolic links and special files in a run's folder, in words. They are not even read: a pipe would block."""
    try:
        found = list(_entries(folder))
    except OSError as error:
        return [f"{error.filename} cannot be read: {error.strerror}"]
    return [
        f"{path.relative_to(folder)} {_describe(status)}, which is not {'followed' if _is_symbolic(status) else 'read'}"
        for path, status in found
        if not stat.S_ISDIR(status.st_mode) and not stat.S_ISREG(status.st_mode)
    ]


def check_no_links(folder: Path) -> None:
    """Check that reading a run's files does not lead out of its folder.

    Raises:
        RunError: there is a symbolic link in it.
    """
    links = find_links(folder)
    if links:
        raise RunError(f"{folder.name} cannot be used: {links[0]}.")


def _entries(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Everything in a folder and its folders. What another process removes meanwhile is left out."""
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                paths = [Path(entry) for entry in entries]
        except FileNotFoundError:
            continue
        for path in paths:
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue
            yield path, status
            if stat.S_ISDIR(status.st_mode):
                waiting.append(path)


def _is_link(status: os.stat_result) -> bool:
    """Whether writing would change something outside of the folder: a link, a device, a pipe."""
    if stat.S_ISDIR(status.st_mode):
        return False
    return not stat.S_ISREG(status.st_mode) or status.st_nlink > 1


def _is_symbolic(status: os.stat_result) -> bool:
    return stat.S_ISLNK(status.st_mode)


def _describe(status: os.stat_result) -> str:
    if _is_symbolic(status):
        return "is a symbolic link"
    return "is a hard link to a file elsewhere" if stat.S_ISREG(status.st_mode) else "is not a regular file"


def _owner_of_new_files(directory: Path) -> int:
    """The owner of the files that this process makes in a directory.

    Some network file systems give all files the same owner, who is not the user of the process.
    """
    try:
        with TemporaryFile(dir=directory) as file:
            return os.fstat(file.fileno()).st_uid
    except OSError:
        return os.geteuid()

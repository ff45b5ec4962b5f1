"""Files that commands write: nothing is overwritten by mistake."""

from __future__ import annotations

from pathlib import Path

from dnnctl.errors import UserError

START = 1024
"""The number of bytes in which a mark is looked for."""


def write_output(path: Path, text: str, *, mark: str, force: bool | None = None) -> None:
    """Write a text file. One that exists is replaced only if the same command wrote it.

    Args:
        mark: what is near the start of every file that the command writes.
        force: whether to replace any file; None if the command has no such option.

    Raises:
        UserError: the file is another one, or cannot be written.
    """
    check_replaceable(path, mark=mark, force=force)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror or error}.") from None


def check_replaceable(path: Path, *, mark: str, force: bool | None = None) -> None:
    """Check that a file does not exist, or was written by the same command.

    Raises:
        UserError: it is another file.
    """
    if force or not path.is_file():
        return
    try:
        with path.open("rb") as file:
            is_own = mark.encode() in file.read(START)
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror or error}.") from None
    if not is_own:
        hint = "Choose another name." if force is None else "Choose another name, or replace it with --force."
        raise UserError(f"{path} already exists and was not overwritten. {hint}")

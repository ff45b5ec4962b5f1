"""`dnnctl init`: a starter spec."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.printing import print_text
from dnnctl.errors import UserError

NAME = "NAME"
"""The placeholder for the name in a preset."""


def init_command(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
    preset: Annotated[
        str, typer.Option("--preset", metavar="PRESET", help="The preset to write; `list` prints all presets.")
    ] = "default",
) -> None:
    """Write a complete, commented spec to start from."""
    with failures_reported():
        if preset == "list":
            print_text("\n".join(f"{name:<18}{first_line(name)}" for name in preset_names()))
            return
        write_preset(preset, path)
        print_text(f"written: {path}\nnext:    dnnctl train {path}")


def write_preset(preset: str, path: Path) -> None:
    """Write a preset to a new file.

    Raises:
        UserError: there is no such preset, or the file exists or cannot be written.
    """
    if preset not in preset_names():
        raise UserError(f"There is no preset '{preset}'. Allowed: {', '.join(preset_names())}.")
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.stem).strip("-._")[:64] or preset
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(read_preset(preset).replace(f"name: {NAME}", f"name: {name}", 1))
    except FileExistsError:
        raise UserError(f"{path} already exists and was not overwritten. Choose another name.") from None
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror or error}.") from None


def preset_names() -> list[str]:
    """The names of all presets."""
    found = files("dnnctl.presets").iterdir()
    return sorted(entry.name.removesuffix(".yaml") for entry in found if entry.name.endswith(".yaml"))


def read_preset(preset: str) -> str:
    """A preset's text."""
    return (files("dnnctl.presets") / f"{preset}.yaml").read_text(encoding="utf-8")


def first_line(preset: str) -> str:
    """The description of a preset."""
    return read_preset(preset).splitlines()[0].removeprefix("# ")

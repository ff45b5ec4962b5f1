"""The presets: complete, commented specs to start from."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from dnnctl.errors import UserError

NAME = "NAME"
"""The placeholder for the name in a preset."""


def preset_names() -> list[str]:
    """The names of all presets."""
    found = files("dnnctl.presets").iterdir()
    return sorted(entry.name.removesuffix(".yaml") for entry in found if entry.name.endswith(".yaml"))


def read_preset(preset: str) -> str:
    """A preset's text.

    Raises:
        UserError: there is no such preset.
    """
    if preset not in preset_names():
        raise UserError(f"There is no preset '{preset}'. Allowed: {', '.join(preset_names())}.")
    return (files("dnnctl.presets") / f"{preset}.yaml").read_text(encoding="utf-8")


def first_line(preset: str) -> str:
    """The description of a preset."""
    return read_preset(preset).splitlines()[0].removeprefix("# ")


def write_new_spec(path: Path, text: str) -> None:
    """Write the text of a preset to a new file, named after the file, and the schema for editors next to it.

    Raises:
        UserError: the file exists or cannot be written.
    """
    from dnnctl.commands.editor_schema import provide_schema  # not above: every command imports this module
    from dnnctl.specs.reading.yaml_writer import write_inline

    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.stem).strip("-._")[:64] or "spec"
    try:
        with path.open("x", encoding="utf-8") as file:
            named = text.replace(f"name: {NAME}", f"name: {write_inline(name)}", 1)
            file.write(provide_schema(path.parent) + named)
    except FileExistsError:
        raise UserError(f"{path} already exists and was not overwritten. Choose another name.") from None
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror or error}.") from None

"""Writes docs/cli.md, the reference of the commands, from their help texts: `python docs/build_cli.py`."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from dnnctl.cli.app import app

TARGET = Path(__file__).with_name("cli.md")
WIDTH = 80
INTRODUCTION = """# Commands

*Written from the help texts of the commands by `make docs`.*
"""


def main() -> None:
    """Write the reference."""
    TARGET.write_text(reference(), encoding="utf-8")


def reference() -> str:
    """The reference as Markdown: the help text of each command, in the order of `dnnctl --help`."""
    names = [command.name for command in app.registered_commands if command.name]
    contents = "\n".join(f"- [{name}](#{name})" for name in names)
    sections = [f"## {name}\n\n```\n{help_text(name)}\n```\n" for name in names]
    return "\n".join([INTRODUCTION, f"{contents}\n", *sections])


def help_text(command: str) -> str:
    """What `dnnctl COMMAND --help` prints, whatever the width of the terminal."""
    result = CliRunner().invoke(app, [command, "--help"], prog_name="dnnctl", terminal_width=WIDTH)
    return "\n".join(line.rstrip() for line in result.stdout.splitlines())


if __name__ == "__main__":
    main()

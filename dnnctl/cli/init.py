"""`dnnctl init`: a starter spec."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from dnnctl.cli.completion import complete_preset
from dnnctl.cli.data import print_description
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.printing import print_text
from dnnctl.cli.table import terminal_width, wrap_text
from dnnctl.commands.preset import first_line, preset_names, read_preset, write_new_spec
from dnnctl.errors import UserError

DEFAULT = "default"
NAMES_A_FILE = "\n    path: "
"""In presets whose data the user must provide."""


def init_command(
    path: Annotated[Path | None, typer.Argument(metavar="FILE", help="The file to write.", show_default=False)] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            metavar="PRESET",
            help="The preset to write; `list` prints all presets.",
            show_default=DEFAULT,
            autocompletion=complete_preset,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="DATA",
            help="Your data: a table (.csv, .parquet, .arrow), arrays (.npz), JSON lines (.jsonl), TFRecord "
            "(.tfrecord), or a folder of images. The spec is filled in with what is found.",
            show_default=False,
        ),
    ] = None,
    targets: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            metavar="COLUMN",
            help="With --from: the column to predict. Otherwise it is guessed.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a complete, commented spec to start from."""
    with failures_reported():
        target = _only(targets or [])
        if preset == "list":
            print_text("\n".join(f"{name:<18}{first_line(name)}" for name in preset_names()))
        elif path is None:
            raise UserError("init needs the file to write. For example: dnnctl init new.yaml")
        elif data is not None:
            _write_from(path, data, target, preset)
        elif target is not None:
            raise UserError("--target needs data. Write --from DATA, too.")
        else:
            text = read_preset(preset or DEFAULT)
            write_new_spec(path, text)
            first = f"set data.source in {path}, then: " if NAMES_A_FILE in text else ""
            print_text(f"written: {path}\nnext:    {first}dnnctl train {quote(str(path))}")


def _only(targets: list[str]) -> str | None:
    """The target, if there is one."""
    if len(targets) > 1:
        raise UserError(
            "--target can be given once. For several targets, give the first one, and then write a list in the spec: "
            f"target: [{', '.join(targets)}]"
        )
    return targets[0] if targets else None


def _write_from(path: Path, data: Path, target: str | None, preset: str | None) -> None:
    """Write a spec for data, and describe the data."""
    from dnnctl.commands.starter import write_starter

    if preset is not None:
        raise UserError("--from chooses the preset. Remove --preset.")
    starter = write_starter(path, data, target=target)
    print_text(f"written: {path} (preset {starter.preset})")
    for finding in starter.findings:
        print_text(wrap_text(f"note:    {finding}", terminal_width(), indent=9))
    print_description(path)
    print_text(f"next:    dnnctl train {quote(str(path))}")

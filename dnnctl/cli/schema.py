"""`dnnctl schema`: the spec's JSON Schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.output_file import write_output
from dnnctl.cli.printing import print_text


def schema_command(
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file.")] = None,
) -> None:
    """Print the JSON Schema of specs, for editors."""
    from dnnctl.commands.editor_schema import schema_text

    text = schema_text()
    with failures_reported():
        if output is None:
            print_text(text.rstrip("\n"))
            return
        write_output(output, text, mark='"$schema"')

"""`dnnctl data`: what the data of a spec are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, Overrides
from dnnctl.cli.printing import print_json
from dnnctl.cli.table import print_columns, terminal_width
from dnnctl.events.event import Event, Warned


def data_command(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="The spec, a YAML file.")],
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Describe the data of a spec: splits, columns, classes, and the score of a trivial prediction."""
    with failures_reported(as_json=as_json):
        print_description(spec, overrides, as_json=as_json)


def print_description(spec: Path, overrides: Sequence[str] | None = None, *, as_json: bool = False) -> None:
    """Load the data of a spec, and print what they are.

    Raises:
        UserError: the spec or the data cannot be used.
    """
    from dnnctl.commands.data import describe_data
    from dnnctl.events.data_wording import detail_lines, size_line
    from dnnctl.specs import load

    description = describe_data(load(spec, overrides or ()), report=_show_warning)
    if as_json:
        print_json(asdict(description), indent=2)
        return
    for line in [size_line(description), *detail_lines(description, terminal_width())]:
        print_columns(line)


def _show_warning(event: Event) -> None:
    if isinstance(event, Warned):
        print_notice(event.message)

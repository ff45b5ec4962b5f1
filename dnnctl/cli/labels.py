"""`dnnctl tag`, `note` and `rename`: what a user says about a run after it was created."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.help import PlainCommand
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, RunReference, RunsDir
from dnnctl.cli.printing import print_json, print_text
from dnnctl.commands import labels
from dnnctl.store.catalog import load_run
from dnnctl.store.record import RunRecord
from dnnctl.text import visible

END_OF_OPTIONS = "--"


class TagCommand(PlainCommand):
    """A command that takes `-old` as a tag to remove, not as options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        changes = [each for each in args if _is_removal(each, ctx.help_option_names)]
        others = [each for each in args if each not in changes and each != END_OF_OPTIONS]
        return list(super().parse_args(ctx, [*others, END_OF_OPTIONS, *changes] if changes else args))


def tag_command(
    run: RunReference,
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="+TAG|-TAG", help="+good adds a tag, -old removes one.", show_default=False),
    ] = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Add tags to a run, remove some, or print them. `dnnctl list --tag TAG` shows the runs that have a tag."""
    with failures_reported(as_json=as_json):
        record = _find(run, runs_dir)
        found = labels.tag(record, changes) if changes else record
        _report(found, f"tags: {', '.join(found.labels.tags) or 'none'}", as_json=as_json)


def note_command(
    run: RunReference,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="The note; '' removes it.", show_default=False)
    ] = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Write a note on a run, which replaces its previous note, or print its note."""
    with failures_reported(as_json=as_json):
        record = _find(run, runs_dir)
        found = record if text is None else labels.note(record, text)
        _report(found, f"note: {found.labels.note or 'none'}", as_json=as_json)


def rename_command(
    run: RunReference,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name.")],
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Give a run another name. Its id and its folder do not change."""
    with failures_reported(as_json=as_json):
        found = labels.rename(_find(run, runs_dir), name)
        _report(found, f"name: {found.name}", as_json=as_json)


def _find(reference: str, runs_dir: Path | None) -> RunRecord:
    return load_run(reference, runs_dir, notify=print_notice)


def _report(run: RunRecord, line: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"run": run.id, "name": run.name, "tags": list(run.labels.tags), "note": run.labels.note})
    else:
        print_text(f"{visible(run.id)}  {line}")


def _is_removal(argument: str, help_options: list[str]) -> bool:
    return len(argument) > 1 and argument[0] == "-" and argument[1] != "-" and argument not in help_options

"""`dnnctl check`: validate specs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, Overrides
from dnnctl.cli.printing import print_json, print_text
from dnnctl.errors import MAX_MESSAGE, Fault, SpecError, UserError, shorten
from dnnctl.specs.path import dotted

if TYPE_CHECKING:
    from dnnctl.specs import LoadedSpec


def check_command(
    specs: Annotated[list[Path], typer.Argument(metavar="SPEC", help="The specs to check.")],
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Validate specs and print every error with its location and a fix. Exits with code 2 if there are any."""
    with failures_reported():
        faults = check_specs(specs, overrides or [])
        if as_json:
            print_json([_as_json(spec, found) for spec, found in faults.items()], indent=2)
        for spec, found in faults.items():
            if found:
                print_text(str(SpecError(found)), to_stderr=True)
            elif not as_json:
                print_text(f"{shorten(str(spec), MAX_MESSAGE)}: valid")
    if any(faults.values()):
        raise typer.Exit(UserError.exit_code)


def check_specs(specs: Sequence[Path], overrides: Sequence[str] = ()) -> dict[Path, tuple[Fault, ...]]:
    """The faults of each spec; empty if it is valid, the files of its data exist, and a table is what it says."""
    from dnnctl.specs import load

    faults: dict[Path, tuple[Fault, ...]] = {}
    for spec in specs:
        try:
            loaded = load(spec, overrides)
            faults[spec] = tuple(_missing_files(loaded)) or tuple(_table_faults(loaded))
        except SpecError as error:
            faults[spec] = error.faults
    return faults


def _missing_files(loaded: LoadedSpec) -> Iterator[Fault]:
    from dnnctl.data.files import missing_files

    for keys, path in missing_files(loaded.spec.data.source):
        key = ("data", "source", *keys)
        hint = "The path is relative to the spec that contains it; with --set, to the working directory."
        yield Fault(f"no such file or folder: {path}", dotted(key), loaded.place(key), hint=hint)


def _table_faults(loaded: LoadedSpec) -> Iterator[Fault]:
    from dnnctl.specs.table import Table

    if isinstance(loaded.spec.data.source, Table):
        from dnnctl.data.table_faults import table_faults

        for key, rule, fix in table_faults(loaded.spec, loaded.spec.data.source):
            yield Fault(rule, dotted(key), loaded.place(key), hint=fix)


def _as_json(spec: Path, faults: Sequence[Fault]) -> dict[str, Any]:
    return {"spec": str(spec), "is_fine": not faults, "faults": [asdict(fault) for fault in faults]}

"""Options that several commands share."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from dnnctl.cli.completion import complete_run, complete_setting

RunsDir: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--runs-dir", metavar="DIR", envvar="DNNCTL_RUNS_DIR", help="Where runs are kept.", show_default="runs"
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
Overrides: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set a key of the spec, e.g. training.epochs=5. Repeatable.",
        autocompletion=complete_setting,
    ),
]
Name: TypeAlias = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="The name of the run, instead of the spec's name.", show_default=False),
]
Log: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--log",
        metavar="mlflow|histograms",
        help="Also log to MLflow, or weights to TensorBoard: runtime.log. Repeatable.",
        show_default=False,
    ),
]
Filtered: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--filter",
        metavar="CONDITION",
        help="Only runs that match this condition, e.g. 'val_accuracy > 0.85 and optimizer.kind == nadam'.",
        show_default=False,
    ),
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the run's id at the end.")]
RunReferences: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN",
        help="Runs: ids, id prefixes, names or folders, or `last`.",
        show_default=False,
        autocompletion=complete_run,
    ),
]
RunReference: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A run's id, id prefix, name or folder, or `last`.", autocompletion=complete_run
    ),
]


def with_name(overrides: list[str] | None, name: str | None) -> list[str]:
    """The overrides, with another one for the name if it is given."""
    return [*(overrides or []), *([] if name is None else [f"name={dumps(name)}"])]


def with_log(overrides: list[str], log: list[str] | None) -> list[str]:
    """The overrides, with another one for what is logged if it is given."""
    return [*overrides, *([f"runtime.log={dumps(log)}"] if log else [])]

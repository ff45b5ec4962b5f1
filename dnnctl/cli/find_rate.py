"""`dnnctl find-rate`: the learning-rate range test."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dnnctl.cli.choose_display import choose_display
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, Overrides, RunsDir
from dnnctl.errors import UserError

if TYPE_CHECKING:
    from dnnctl.runner.lr_range_test import RateCurve, Suggestion
    from dnnctl.specs import LoadedSpec


def find_rate_command(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="The spec, a YAML file.")],
    overrides: Overrides = None,
    lowest: Annotated[float, typer.Option("--min", help="The rate of the first step.")] = 1e-5,
    highest: Annotated[float, typer.Option("--max", help="The rate of the last step.")] = 10.0,
    steps: Annotated[
        int | None, typer.Option("--steps", min=20, help="The steps between.", show_default="an epoch, 100 to 1,000")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, help="The examples of a step.", show_default="the spec's")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the curve as CSV.")] = None,
    write: Annotated[
        bool,
        typer.Option(
            "--write", help="Write the rate into the spec: schedule.max_rate of a one_cycle, else learning_rate."
        ),
    ] = False,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Find a learning rate: train a fresh model a little while the rate grows. No run is made, nothing else changes."""
    with failures_reported(as_json=as_json):
        if not 0 < lowest < highest:
            raise UserError(f"--min {lowest:g} and --max {highest:g}: both must be above 0, and --min below --max.")
        from dnnctl.commands.find_rate import Sweep, find_rate
        from dnnctl.specs import load

        loaded = load(spec, overrides or [])
        sweep = Sweep(lowest, highest, steps, batch_size)
        with choose_display(quiet=as_json, as_json=False) as display:
            curve, suggestion = find_rate(loaded, sweep, runs_dir=runs_dir, report=display.show)
        if output is not None:
            _write_csv(curve, output)
        section, key, rate = _for_spec(loaded, suggestion)
        if as_json:
            typer.echo(json.dumps(_as_object(curve, suggestion)))
        else:
            _print(curve, suggestion)
        if write:
            from dnnctl.specs.reading.edit import set_in_file

            set_in_file(spec, section, key, rate)
        if not as_json:
            what = f"{section}.{key} = {rate:.3g}"
            typer.echo(f"written: {what} in {spec}" if write else f"next:  --write puts {what} into {spec}")


def _for_spec(loaded: LoadedSpec, suggestion: Suggestion) -> tuple[str, str, float]:
    """The section and key that the suggestion is for, and its value."""
    if loaded.spec.schedule.kind == "one_cycle":
        return "schedule", "max_rate", suggestion.max_rate
    return "optimizer", "learning_rate", suggestion.learning_rate


def _as_object(curve: RateCurve, suggestion: Suggestion) -> dict[str, object]:
    return {
        "learning_rate": suggestion.learning_rate,
        "max_rate": suggestion.max_rate,
        "turning_point": suggestion.turning_point,
        "exploded_at": suggestion.exploded_at,
        "reason": suggestion.reason,
        "curve": [[float(rate), float(loss)] for rate, loss in zip(curve.rates, curve.losses, strict=True)],
    }


def _print(curve: RateCurve, suggestion: Suggestion) -> None:
    from dnnctl.cli.curves import draw_rates

    typer.echo(draw_rates(list(map(float, curve.rates)), list(map(float, curve.smoothed))))
    typer.echo(f"for the middle of a cycle:  {suggestion.max_rate:.3g}")
    typer.echo(f"for a rate that stays:      {suggestion.learning_rate:.3g}")
    typer.echo(f"because {suggestion.reason}")


def _write_csv(curve: RateCurve, path: Path) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["learning_rate", "loss", "smoothed_loss"])
            writer.writerows(
                zip(map(float, curve.rates), map(float, curve.losses), map(float, curve.smoothed), strict=True)
            )
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror or error}.") from None

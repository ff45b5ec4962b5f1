"""`dnnctl find-rate`: the learning-rate range test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dnnctl.cli.choose_display import choose_display
from dnnctl.cli.csv_text import as_csv
from dnnctl.cli.display import say
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, Overrides, RunsDir
from dnnctl.cli.output_file import check_replaceable, write_output
from dnnctl.cli.printing import print_drawing, print_json, print_text
from dnnctl.errors import UserError

if TYPE_CHECKING:
    from dnnctl.commands.find_rate import RangeTestPlan
    from dnnctl.runner.lr_range_test import RateCurve, Suggestion
    from dnnctl.specs import LoadedSpec
    from dnnctl.specs.path import Path as SpecPath

HEADER = ("learning_rate", "loss", "smoothed_loss")
"""The columns of the curve."""


def find_rate_command(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="The spec, a YAML file.")],
    overrides: Overrides = None,
    lowest: Annotated[float, typer.Option("--min", help="The learning rate of the first step.")] = 1e-5,
    highest: Annotated[float, typer.Option("--max", help="The learning rate of the last step.")] = 10.0,
    steps: Annotated[
        int | None,
        typer.Option(
            "--steps", min=20, help="The number of steps.", show_default="one epoch, at least 100, at most 1,000"
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option("--batch-size", min=1, help="The number of examples per step.", show_default="the spec's"),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the curve to this CSV file.")] = None,
    write: Annotated[
        bool,
        typer.Option(
            "--write",
            help="Write the rate to the spec: schedule.max_rate for one_cycle, otherwise optimizer.learning_rate.",
        ),
    ] = False,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Suggest a learning rate: train a new model for a few steps while the rate increases. No run is created."""
    with failures_reported(as_json=as_json):
        if not 0 < lowest < highest:
            raise UserError(
                f"--min {lowest:g} and --max {highest:g}: both must be greater than 0, and --min less than --max."
            )
        from dnnctl.commands.find_rate import RangeTestSettings, find_rate
        from dnnctl.specs import load
        from dnnctl.specs.reading.spec_file import check_can_be_read_again

        if write:
            check_can_be_read_again(spec)
        loaded = load(spec, overrides or [])
        path = _rate_path(loaded)
        if write:
            _check_writable(path)
        if output is not None:
            check_replaceable(output, mark=",".join(HEADER))
        with choose_display(quiet=as_json, as_json=False) as display:
            curve, suggestion = find_rate(
                loaded,
                RangeTestSettings(lowest, highest, steps, batch_size),
                runs_dir=runs_dir,
                report=display.show,
                announce=None if as_json else _announce,
            )
        if output is not None:
            _write_csv(curve, output)
        rate = suggestion.max_rate if path[-1] == "max_rate" else suggestion.learning_rate
        if as_json:
            print_json(_as_object(loaded, curve, suggestion))
        else:
            _print(curve, suggestion)
        if write:
            from dnnctl.specs.reading.edit import set_in_file

            set_in_file(spec, [(path, float(f"{rate:.3g}"))])
        if not as_json:
            print_text(_next_step(spec, path, rate, is_written=write))


def _rate_path(loaded: LoadedSpec) -> SpecPath:
    """The key of the spec that holds the rate of the first phase."""
    from dnnctl.specs.planned_phase import planned_phases

    phase = planned_phases(loaded.spec)[0]
    if phase.schedule.kind == "one_cycle":
        return (*phase.schedule_path, "max_rate")
    return (*phase.optimizer_path, "learning_rate")


def _is_writable(path: SpecPath) -> bool:
    """Whether --write can set the key: it can set keys of a section, but not of a phase."""
    return len(path) == 2


def _check_writable(path: SpecPath) -> None:
    if not _is_writable(path):
        rule = f"--write cannot change {_dotted(path)}, which holds the rate of the first phase"
        raise UserError(f"{rule}. Run find-rate without --write and edit the spec.")


def _announce(test: RangeTestPlan) -> None:
    """Print what the range test is about to do."""
    rates = f"learning rate from {test.lowest:g} to {test.highest:g}"
    say(f"range test: {test.n_steps:,} steps of {test.batch_size:,} examples, {rates}")
    for note in test.notes:
        say(f"note: {note}")


def _next_step(spec: Path, path: SpecPath, rate: float, *, is_written: bool) -> str:
    what = f"{_dotted(path)} = {rate:.3g}"
    if is_written:
        return f"written: {what} in {spec}"
    if _is_writable(path):
        return f"next:  add --write to set {what} in {spec}"
    return f"next:  set {what} in {spec}"


def _dotted(path: SpecPath) -> str:
    from dnnctl.specs.path import dotted

    return dotted(path)


def _as_object(loaded: LoadedSpec, curve: RateCurve, suggestion: Suggestion) -> dict[str, object]:
    from dnnctl.commands.find_rate import find_gaps

    return {
        "learning_rate": suggestion.learning_rate,
        "max_rate": suggestion.max_rate,
        "useful_range": [suggestion.low, suggestion.high],
        "turning_point": suggestion.turning_point,
        "exploded_at": suggestion.exploded_at,
        "reason": suggestion.reason,
        "notes": find_gaps(loaded.spec),
        "curve": [[float(rate), float(loss)] for rate, loss in zip(curve.rates, curve.losses, strict=True)],
    }


def _print(curve: RateCurve, suggestion: Suggestion) -> None:
    from dnnctl.commands.curves import draw_rates

    print_drawing(draw_rates(list(map(float, curve.rates)), list(map(float, curve.smoothed))))
    print_text(f"useful rates:            {suggestion.low:.3g} to {suggestion.high:.3g}")
    print_text(f"max_rate of one_cycle:   {suggestion.max_rate:.3g}")
    print_text(f"constant learning_rate:  {suggestion.learning_rate:.3g}")
    print_text(f"reason: {suggestion.reason}")


def _write_csv(curve: RateCurve, path: Path) -> None:
    rows = zip(map(float, curve.rates), map(float, curve.losses), map(float, curve.smoothed), strict=True)
    write_output(path, as_csv([HEADER, *rows]), mark=",".join(HEADER))

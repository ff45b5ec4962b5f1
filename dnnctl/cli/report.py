"""`dnnctl report`: runs as one HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dnnctl.cli.choose_runs import choose_runs, compared_runs, sweep_of
from dnnctl.cli.completion import complete_metric
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Filtered, RunReferences, RunsDir
from dnnctl.cli.output_file import check_replaceable, write_output
from dnnctl.cli.printing import print_text
from dnnctl.errors import DnnctlError, UserError
from dnnctl.store.record import RunRecord
from dnnctl.store.trials import Trial

if TYPE_CHECKING:
    from dnnctl.compare.comparison import Comparison
    from dnnctl.compare.report.page_run import Mistakes


MARK = '<meta name="generator" content="dnnctl report">'
"""What every report contains near its start."""


def report_command(
    runs: RunReferences = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")] = Path(
        "report.html"
    ),
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is not a report. An earlier report is replaced anyway.")
    ] = False,
    runs_dir: RunsDir = None,
    condition: Filtered = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            metavar="METRIC",
            help="The metric for verdicts.",
            show_default="accuracy or mae",
            autocompletion=complete_metric,
        ),
    ] = None,
) -> None:
    """Write a report on runs as one self-contained HTML file: curves, results, confusion matrices, mistakes.

    The name of a sweep gives a report on its trials, parameters and claim.
    """
    with failures_reported():
        check_replaceable(output, mark=MARK, force=force)
        if trials := _only_sweep(runs, condition, runs_dir):
            if metric is not None:
                raise UserError("--metric: a report on a sweep shows its objectives. Leave the option out.")
            write_sweep_report(trials, output, force=force)
            print_text(f"report: {output}")
            return
        chosen = choose_runs(runs or ([] if condition else ["last"]), condition, runs_dir, compared_runs)
        from dnnctl.compare.comparison import compare_runs

        write_report(compare_runs(chosen, metric, by_name=True), output, force=force)
        print_text(f"report: {output}")


def _only_sweep(references: Sequence[str] | None, condition: str | None, runs_dir: Path | None) -> list[Trial]:
    """The trials of the sweep that is all that the report is on; empty if it is on runs."""
    if condition is not None or not references or len(references) > 1:
        return []
    return sweep_of(references[0], runs_dir)


def write_sweep_report(trials: Sequence[Trial], path: Path, *, force: bool | None = None) -> None:
    """Write a sweep as HTML. An earlier report is replaced.

    Args:
        force: whether to replace any other file; None if the command has no such option.

    Raises:
        UserError: the file is another one, or cannot be written.
    """
    from dnnctl.commands.sweep_result import read_sweep
    from dnnctl.search.report.page import build_sweep_page

    sweep = read_sweep(trials)
    page = build_sweep_page(sweep.name, sweep.trials, plan=sweep.plan, metrics=sweep.metrics, claim=sweep.claim)
    write_output(path, page, mark=MARK, force=force)


def write_report(comparison: Comparison, path: Path, *, force: bool | None = None) -> None:
    """Write a comparison as HTML. An earlier report is replaced.

    Args:
        force: whether to replace any other file; None if the command has no such option.

    Raises:
        UserError: the file is another one, or cannot be written.
    """
    from dnnctl.compare.report.page import build_page

    runs = [run for group in comparison.groups for run in group.runs]
    page = build_page(comparison, {run.id: find_mistakes(run) for run in runs})
    write_output(path, page, mark=MARK, force=force)


def find_mistakes(run: RunRecord) -> Mistakes:
    """The wrong predictions with the highest confidence, with their images if the data of the run can still be read."""
    from pydantic import ValidationError

    from dnnctl.compare.report.page_run import Mistakes, mistakes_of
    from dnnctl.compare.report.picture import data_url, is_picture
    from dnnctl.data.load import load_data
    from dnnctl.specs import Spec

    mistakes = mistakes_of(run)
    if not mistakes:
        return Mistakes()
    try:
        spec = Spec.model_validate(run.spec)
        dataset = load_data(spec.data, seed=spec.seed, memory=0)
    except (DnnctlError, ValidationError, OSError):
        return Mistakes(reason="the data of the run cannot be read")
    if run.facts.data is None or dataset.digest != run.facts.data.digest or dataset.test is None:
        return Mistakes(reason="the data of the run have changed")
    images = dataset.test.inputs
    if not is_picture(images.shape[1:]):
        return Mistakes()
    return Mistakes(mistakes, [data_url(images[each.index]) for each in mistakes])

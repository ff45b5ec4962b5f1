"""The composition root: every command, registered once."""

from __future__ import annotations

import typer

from dnnctl import __version__
from dnnctl.cli import (
    check,
    compare,
    doctor,
    evaluate,
    find_rate,
    fork,
    init,
    list_runs,
    prune,
    remove,
    report,
    resume,
    schema,
    show,
    train,
    verify_resume,
)

app = typer.Typer(
    name="dnnctl",
    help="Train deep neural networks from a YAML file.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("init")(init.init_command)
app.command("train")(train.train_command)
app.command("resume")(resume.resume_command)
app.command("fork")(fork.fork_command)
app.command("evaluate")(evaluate.evaluate_command)
app.command("predict")(evaluate.predict_command)
app.command("prune")(prune.prune_command)
app.command("verify-resume")(verify_resume.verify_resume_command)
app.command("find-rate")(find_rate.find_rate_command)
app.command("check")(check.check_command)
app.command("schema")(schema.schema_command)
app.command("list")(list_runs.list_command)
app.command("show")(show.show_command)
app.command("compare")(compare.compare_command)
app.command("report")(report.report_command)
app.command("remove")(remove.remove_command)
app.command("doctor")(doctor.doctor_command)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"dnnctl {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Show the version."),
) -> None:
    """Train deep neural networks from a YAML file."""


def main() -> None:
    """Run the command that the arguments name."""
    app()

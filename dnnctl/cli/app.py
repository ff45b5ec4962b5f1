"""The composition root: every command, registered once."""

from __future__ import annotations

import os
from collections.abc import Callable

import typer

from dnnctl import __version__
from dnnctl.cli import (
    bisect,
    blame,
    check,
    compare,
    data,
    doctor,
    evaluate,
    explain,
    export,
    find_rate,
    fork,
    init,
    join,
    labels,
    launch,
    list_runs,
    plan,
    predict,
    probe,
    prune,
    remove,
    replay,
    report,
    resume,
    schema,
    serve,
    show,
    sweep,
    tensorboard,
    train,
    verify_resume,
)
from dnnctl.cli.completion import join_words
from dnnctl.cli.help import PlainCommand, PlainGroup
from dnnctl.cli.printing import print_text
from dnnctl.cli.streams import streams_prepared
from dnnctl.commands.parent import end_with_parent

app = typer.Typer(
    name="dnnctl",
    cls=PlainGroup,
    help="Train deep neural networks from a YAML file.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS: dict[str, Callable[..., None]] = {
    "init": init.init_command,
    "train": train.train_command,
    "resume": resume.resume_command,
    "launch": launch.launch_command,
    "fork": fork.fork_command,
    "evaluate": evaluate.evaluate_command,
    "predict": predict.predict_command,
    "export": export.export_command,
    "serve": serve.serve_command,
    "prune": prune.prune_command,
    "sweep": sweep.sweep_command,
    "join": join.join_command,
    "verify-resume": verify_resume.verify_resume_command,
    "find-rate": find_rate.find_rate_command,
    "check": check.check_command,
    "explain": explain.explain_command,
    "plan": plan.plan_command,
    "probe": probe.probe_command,
    "data": data.data_command,
    "schema": schema.schema_command,
    "list": list_runs.list_command,
    "show": show.show_command,
    "compare": compare.compare_command,
    "report": report.report_command,
    "bisect": bisect.bisect_command,
    "tag": labels.tag_command,
    "note": labels.note_command,
    "rename": labels.rename_command,
    "replay": replay.replay_command,
    "blame": blame.blame_command,
    "tensorboard": tensorboard.tensorboard_command,
    "remove": remove.remove_command,
    "doctor": doctor.doctor_command,
}
for name, command in COMMANDS.items():
    app.command(name, cls=labels.TagCommand if name == "tag" else PlainCommand)(command)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print_text(f"dnnctl {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Show the version."),
) -> None:
    """Train deep neural networks from a YAML file."""


def main() -> None:
    """Run the command that the arguments name."""
    end_with_parent()
    join_words(os.environ)
    with streams_prepared():
        app()

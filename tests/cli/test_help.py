"""The text of `--help` on a terminal of 80 columns."""

from __future__ import annotations

import re
from typing import Any

import pytest
from typer.testing import CliRunner

from dnnctl.cli.app import COMMANDS, app
from dnnctl.cli.help import first_sentence


def help_of(*command: str) -> str:
    found: Any = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "80"}, terminal_width=80)
    assert found.exit_code == 0
    return str(found.output)


def test_summaries_are_whole_sentences() -> None:
    """Each command's summary is the first sentence of its docstring, with its full stop."""
    overview = " ".join(help_of().split())
    for name, command in COMMANDS.items():
        summary = first_sentence(command.__doc__ or "")
        assert summary.endswith(".")
        assert f"{name} {summary}".replace("- ", "-") in overview.replace("- ", "-")
    assert "..." not in help_of().partition("Commands:")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_values_are_named_as_documentation_names_them(name: str) -> None:
    """N, FILE, KEY=VALUE: no names of Python's types, no notation of ranges, no empty brackets."""
    text = help_of(name)
    assert not re.search(r"<\w|range|x[<>]|\(\w+\)\]|\{|\[\]|Path\]", text), text
    assert max(map(len, text.splitlines())) <= 80


def test_help_explains_options_with_their_defaults() -> None:
    text = " ".join(help_of("train").split())
    assert "--seeds N Train N runs, each with its own seed. [default: 1]" in text
    assert "--runs-dir DIR Where runs are kept. [env var: DNNCTL_RUNS_DIR; default: runs]" in text
    assert "Usage: " in text
    assert "train [OPTIONS] SPEC" in text


def test_a_first_sentence_ends_at_its_full_stop() -> None:
    assert first_sentence("Write an .npz file\n    and stop. Then more.") == "Write an .npz file and stop."
    assert first_sentence("no stop") == "no stop"


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["train", "a.yaml", "--set", "seed=1", "training.epochs=5", "x=2"], "--set training.epochs=5 --set x=2"),
        (["train", "a.yaml", "epochs=[1]"], "Each change needs its own option: --set 'epochs=[1]'"),
        (["sweep", "a.yaml", "--vary", "seed=[1,2]", "loss=[mse]"], "--vary 'loss=[mse]'"),
        (["train", "a.yaml", "--lr", "0.1"], "To change the spec: --set optimizer.learning_rate=VALUE"),
        (["plan", "a.yaml", "--batch-size", "5"], "To change the spec: --set training.batch_size=VALUE"),
        (["train", "a.yaml", "--optimizer.momentum=0.9"], "To change the spec: --set optimizer.momentum=VALUE"),
        (["check", "--set", "seed=1", "gone=2"], "Each change needs its own --set: --set gone=2"),
    ],
)
def test_changes_of_the_spec_that_are_not_given_with_set_are_answered(arguments: list[str], advice: str) -> None:
    found: Any = CliRunner().invoke(app, arguments)
    assert (found.exit_code, found.output.count(advice)) == (2, 1), found.output


@pytest.mark.parametrize(
    "arguments", [["show", "last", "a=1"], ["list", "--epochs", "3"], ["train", "a", "--nonsense"]]
)
def test_where_nothing_can_be_set_there_is_no_such_advice(arguments: list[str]) -> None:
    found: Any = CliRunner().invoke(app, arguments)
    assert (found.exit_code, "--set" in found.output) == (2, False)

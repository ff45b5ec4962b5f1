"""The text of `--help`: whole sentences, and the placeholders that documentation uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from shlex import quote
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from dnnctl.text import visible

TYPES = {"path": "FILE", "int": "N", "int range": "N", "float": "NUMBER", "str": "TEXT"}
"""The placeholder for the value of an option, by Typer's name of its type."""
RANGE = re.compile(r"(; )?x[<>]=?[\d.]+")
NO_WORDS = re.compile(r"\s*\[\s*\]$")
USAGE_ERROR: Any = typer.BadParameter.__base__
"""The class of all errors in arguments. Typer brings it along, or takes it from Click."""
Record = tuple[str, str]


class PlainCommand(TyperCommand):
    """A command whose help uses the placeholders of documentation: N, FILE, KEY=VALUE."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        with _usage_errors_visible(_advice):
            return super().make_context(*arguments, **options)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[Record]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_argument = parameter.param_type_name == "argument"
                name = _argument(record[0]) if is_argument else _option(record[0])
                sections["Arguments" if is_argument else "Options"].append((name, _explained(record[1])))
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class PlainGroup(TyperGroup):
    """The list of commands, each with the whole first sentence of its help."""

    def invoke(self, ctx: Any) -> Any:
        with _usage_errors_visible():
            return super().invoke(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        records = [(name, first_sentence(command.help or "")) for name, command in commands if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(records)


@contextmanager
def _usage_errors_visible(advise: Callable[[Any], str] = lambda _: "") -> Iterator[None]:
    """Make visible what the arguments in a usage error contain, such as names of files that a shell pattern matched.

    Args:
        advise: what is added to the message of an error.
    """
    try:
        yield
    except USAGE_ERROR as error:
        error.message = visible(f"{error.message}{advise(error)}")
        raise


def _advice(error: Any) -> str:
    """What to write for changes of the spec that are not given with `--set`; empty for other errors."""
    options = {name for parameter in error.ctx.command.params for name in parameter.opts} if error.ctx else set()
    if "--set" not in options:
        return ""
    option = "--vary" if "--vary" in options else "--set"
    changes = [word for word in error.message.partition("(s) (")[2].rstrip(")").split() if "=" in word]
    if changes:
        return f". Each change needs its own option: {' '.join(f'{option} {quote(change)}' for change in changes)}"
    from dnnctl.specs.reading.hints import path_of  # not above: the types of specs take as long as all other imports

    path = path_of(str(getattr(error, "option_name", "")).lstrip("-"))
    return f". To change the spec: --set {path}=VALUE" if path else ""


def first_sentence(text: str) -> str:
    """The first sentence of a docstring, on one line."""
    flat = " ".join(text.split())
    end = re.search(r"\.(\s|$)", flat)
    return flat[: end.start() + 1] if end else flat


def _argument(name: str) -> str:
    return re.sub(r" <.*>$", "", name)


def _option(name: str) -> str:
    return re.sub(r"<(.*?)>", lambda found: TYPES.get(found[1], found[1].upper()), name)


def _explained(text: str) -> str:
    """The help of an option without ranges, which error messages explain, and with plain default values."""
    text = re.sub(r"default: \((.*?)\)(?=[;\]])", r"default: \1", text)
    text = RANGE.sub("", text).replace("[required]", "")
    return NO_WORDS.sub("", text).rstrip()

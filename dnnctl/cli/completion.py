"""What the shell suggests for a half-written argument: runs, keys of specs, metrics, rules, formats, presets.

Each function returns the candidates for a word. Bash adds a space after a candidate that is the only one, so a key that
needs a value is never alone: it comes with its default, as `training.epochs=` and `training.epochs=20`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, MutableMapping
from pathlib import Path
from typing import TypeAlias

import typer

from dnnctl.commands.export_formats import FORMATS
from dnnctl.commands.preset import preset_names
from dnnctl.errors import DnnctlError
from dnnctl.store.catalog import LAST, list_runs, runs_directory
from dnnctl.store.columns import FACTS, names_of
from dnnctl.store.metrics import NO_METRICS
from dnnctl.store.record import RunRecord
from dnnctl.store.trials import sweep_names

MAX_RUNS = 200
"""The number of newest runs that are read for their names, metrics and tags."""
ASKED = "_DNNCTL_COMPLETE"
"""The variable in which a shell asks for completion."""
SPLIT_KEY = "_DNNCTL_COMPLETE_KEY"
"""The variable that holds the word before an `=`, which bash passes as a word of its own."""
Complete: TypeAlias = Callable[[typer.Context, str], list[str]]


def join_words(environment: MutableMapping[str, str]) -> None:
    """Undo that bash splits words at `=`: it passes `--set optimizer=ad` as `--set`, `optimizer`, `=` and `ad`.

    Bash replaces what follows the `=` only. So that is left as the word to complete, and the key is kept aside.
    """
    if environment.get(ASKED) != "complete_bash":
        return
    words, at = environment["COMP_WORDS"].split("\n"), int(environment["COMP_CWORD"])
    before, word = _joined(words[:at]), words[at] if at < len(words) else ""
    if word == "=":
        before, word = _joined([*before, "="]), ""
    if len(before) > 1 and before[-1].endswith("="):
        environment[SPLIT_KEY] = before.pop().removesuffix("=")
    environment["COMP_WORDS"] = "\n".join([*before, word])
    environment["COMP_CWORD"] = str(len(before))


def _joined(words: Iterable[str]) -> list[str]:
    """The words, with `key`, `=` and `value` as one, and without the `=` after an option."""
    joined: list[str] = []
    for word in words:
        if joined and word == "=" and joined[-1].startswith("-"):
            continue
        if joined and (word == "=" or joined[-1].endswith("=")):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _without_failures(complete: Complete) -> Complete:
    """The candidates that start like the word; none if they cannot be determined."""

    def candidates(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            return [each for each in complete(ctx, incomplete) if each.startswith(incomplete)]
        except (DnnctlError, OSError, ValueError):
            return []

    return candidates


@_without_failures
def complete_run(ctx: typer.Context, _incomplete: str) -> list[str]:
    """Names of the newest runs, `last`, and ids, newest first."""
    found = list_runs(_runs_directory(ctx))[::-1]
    names = [run.name for run in found[:MAX_RUNS]]
    return list(dict.fromkeys([*names, *[LAST] * bool(found), *(run.id for run in found)]))


@_without_failures
def complete_setting(_: typer.Context, incomplete: str) -> list[str]:
    """Keys of specs, also nested ones and those of kinds, and their values after an `=`."""
    from dnnctl.cli.key_completion import keys_like, values_of

    split = os.environ.get(SPLIT_KEY)
    if split is not None:
        return values_of(split)
    name, equals, _value = incomplete.partition("=")
    return [f"{name}={value}" for value in values_of(name)] if equals else keys_like(name)


@_without_failures
def complete_varied(_: typer.Context, incomplete: str) -> list[str]:
    """Keys of specs; what they vary over is a list or a range."""
    from dnnctl.cli.key_completion import keys_like

    return [] if "=" in incomplete or SPLIT_KEY in os.environ else keys_like(incomplete)


@_without_failures
def complete_key(_: typer.Context, incomplete: str) -> list[str]:
    """Keys and kinds of specs, for `explain`."""
    from dnnctl.cli.key_completion import topics_like

    return topics_like(incomplete)


@_without_failures
def complete_column(ctx: typer.Context, incomplete: str) -> list[str]:
    """The columns of the newest runs: facts, metrics and keys. In `a,b,c`, the last one is completed."""
    done, comma, _ = incomplete.rpartition(",")
    columns = dict.fromkeys([*FACTS, *(name for run in _newest(ctx) for name in names_of(run))])
    return [f"{done}{comma}{name}" for name in columns]


@_without_failures
def complete_metric(ctx: typer.Context, _incomplete: str) -> list[str]:
    """The metrics of the newest runs."""
    known = (name for run in _newest(ctx) for name in run.best if name not in NO_METRICS)
    return list(dict.fromkeys(name.removeprefix("val_") for name in known))


@_without_failures
def complete_objective(ctx: typer.Context, _incomplete: str) -> list[str]:
    """The metrics of the newest runs, also of their validation examples."""
    return list(dict.fromkeys(name for run in _newest(ctx) for name in run.best if name not in NO_METRICS))


@_without_failures
def complete_tag(ctx: typer.Context, _incomplete: str) -> list[str]:
    """The tags of the newest runs."""
    return sorted({tag for run in _newest(ctx) for tag in run.labels.tags})


@_without_failures
def complete_sweep(ctx: typer.Context, _incomplete: str) -> list[str]:
    """The names of sweeps."""
    return sorted(sweep_names(_runs_directory(ctx)))


@_without_failures
def complete_rule(_: typer.Context, _incomplete: str) -> list[str]:
    """The rules of `check`."""
    from dnnctl.advice.rules import RULES

    return ["all", *sorted(RULES)]


@_without_failures
def complete_preset(_: typer.Context, _incomplete: str) -> list[str]:
    """The presets, and `list`."""
    return [*preset_names(), "list"]


@_without_failures
def complete_format(_: typer.Context, _incomplete: str) -> list[str]:
    """The formats of `export`."""
    return list(FORMATS)


def _runs_directory(ctx: typer.Context) -> Path:
    return runs_directory(ctx.params.get("runs_dir"))


def _newest(ctx: typer.Context) -> list[RunRecord]:
    return list_runs(_runs_directory(ctx))[: -MAX_RUNS - 1 : -1]

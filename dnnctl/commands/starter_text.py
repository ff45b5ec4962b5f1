"""The text of a spec that is written from data: a preset with its source filled in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dnnctl.specs.reading.yaml_writer import write_inline

if TYPE_CHECKING:
    from dnnctl.data.guess.guess import Guess

COLUMN = 30
"""Where comments begin, if there is space."""
SOURCE = re.compile(r"^  source:.*\n(?:    .*\n)*", re.MULTILINE)
VALIDATION = re.compile(r"^  validation: .*$", re.MULTILINE)
HINTS = re.compile(r"^    # .*\n", re.MULTILINE)
TABLES = ("csv", "parquet", "arrow")


def fill_preset(preset: str, guess: Guess, path: str, *, data: str, has_flatten: bool) -> str:
    """The preset for a source.

    Args:
        path: the path of the data, relative to the spec.
        data: the name of the data, for the comment at the top.
        has_flatten: whether examples become vectors first.
    """
    first, _, rest = preset.split("\n", 2)
    made_from = f"# Written by `dnnctl init --from` for {write_inline(data)}."
    text = "\n".join([first, made_from, rest])
    old = SOURCE.search(text)
    assert old is not None, "each preset for data of one's own has a source"
    text = text[: old.start()] + _source(guess, path, old[0]) + text[old.end() :]
    if guess.has_validation:
        line = _line("  ", "validation", "none", "the data have a validation split of their own")
        text = VALIDATION.sub(lambda _: line, text, count=1)
    if has_flatten:
        layers = "  layers:\n"
        text = text.replace(layers, layers + _line("    ", "- flatten", None, "from arrays to vectors") + "\n", 1)
    return text


def _source(guess: Guess, path: str, old: str) -> str:
    """The `source` section, with the hints of the preset for tables."""
    lines = [
        "  source:",
        f"    kind: {guess.kind}",
        _line("    ", "path", path, "relative to this file"),
        *(_line("    ", entry.key, entry.value, entry.comment) for entry in guess.entries),
    ]
    keys = {entry.key for entry in guess.entries}
    hints = [hint for hint in HINTS.findall(old) if not any(f"# {key}:" in hint for key in keys)]
    return "\n".join([*lines, ""]) + ("".join(hints) if guess.kind in TABLES else "")


def _line(indent: str, key: str, value: object, comment: str) -> str:
    text = f"{indent}{key}" if value is None else f"{indent}{key}: {write_inline(value)}"
    return f"{text.ljust(COLUMN - 2)}  # {comment}" if comment else text

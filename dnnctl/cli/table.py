"""Tables as aligned columns of text: the same on a terminal and in a file, and fast for thousands of rows."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from shutil import get_terminal_size
from textwrap import wrap
from typing import TextIO

from dnnctl.cli.printing import print_text
from dnnctl.text import format_number, visible

GAP = 2
"""The number of spaces between two columns."""
INDENT = 6
"""The indentation of the rest of a line that was broken."""
MIN_TEXT = 40
"""Text is not wrapped if fewer characters than this fit on a line."""


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print rows under a header.

    On a terminal that is too narrow for all columns, they are printed in several tables, each with the first column.

    Args:
        right: the columns that are aligned to the right.
    """
    columns = [[visible(cell) for cell in column] for column in zip(header, *rows, strict=True)]
    for place, block in enumerate(split_columns(columns, terminal_width())):
        if place:
            print_text()
        _print_block(block, [visible(name) for name in right])


def split_columns(columns: Sequence[Sequence[str]], width: int | None) -> list[list[Sequence[str]]]:
    """The columns in groups that each fit into a width; every group starts with the first column.

    Args:
        width: None for no limit.
    """
    first, *others = columns
    if width is None or not others:
        return [list(columns)]
    blocks: list[list[Sequence[str]]] = [[first]]
    for column in others:
        if len(blocks[-1]) > 1 and _width([*blocks[-1], column]) > width:
            blocks.append([first])
        blocks[-1].append(column)
    return blocks


def terminal_width(stream: TextIO | None = None) -> int | None:
    """The columns of the terminal; None if the stream, by default standard output, is not a terminal."""
    return get_terminal_size().columns if (stream or sys.stdout).isatty() else None


def wrap_text(text: str, width: int | None, *, indent: int = 0) -> str:
    """A text as visible characters, in lines of at most `width` characters, broken between words only.

    Args:
        width: None for no limit.
        indent: the indentation of every line except the first, which is already indented.
    """
    text = visible(text)
    if width is None or width - indent < MIN_TEXT:
        return text
    lines = wrap(text, width - indent, break_long_words=False, break_on_hyphens=False)
    return f"\n{' ' * indent}".join(lines)


def format_column(values: Sequence[float | None]) -> list[str]:
    """Numbers in one notation: with four decimal places, or with exponents if one of them needs it."""
    if all(value is None or "e" not in format_number(value) for value in values):
        return [format_number(value) for value in values]
    return ["—" if value is None else f"{value:.3e}" for value in values]


def _width(columns: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, column)) + GAP for column in columns) - GAP


def _print_block(columns: Sequence[Sequence[str]], right: Sequence[str]) -> None:
    aligned = []
    for column in columns:
        width = max(map(len, column))
        aligned.append([cell.rjust(width) if column[0] in right else cell.ljust(width) for cell in column])
    head, *lines = [(" " * GAP).join(cells).rstrip() for cells in zip(*aligned, strict=True)]
    print_text(head, dim=True)
    print_text("\n".join(lines))


def wrap_columns(line: str, width: int) -> list[str]:
    """Wrap a line to `width` characters, between its columns, which are separated by two spaces or more.

    The columns that fit stay aligned with those of other lines. A column that is too long is broken between words.
    """
    if len(line) <= width:
        return [line]
    columns = list(re.finditer(r"\S+(?: \S+)*", line))
    n_kept = max(1, sum(column.end() <= width for column in columns))
    lines, indent = [line[: columns[n_kept - 1].end()]], " " * INDENT
    for number, column in enumerate(columns[n_kept:]):
        if number and len(lines[-1]) + GAP + len(column[0]) <= width:
            lines[-1] += " " * GAP + column[0]
        else:
            lines.append(indent + column[0])
    return [part for each in lines for part in _wrap_words(each, width)]


def _wrap_words(line: str, width: int) -> list[str]:
    return wrap(line, width, subsequent_indent=" " * INDENT, break_long_words=False, break_on_hyphens=False)


def print_columns(line: str) -> None:
    """Print a line whose columns are separated by two or more spaces. On a terminal it is broken between columns."""
    width = terminal_width()
    for part in [line] if width is None else wrap_columns(visible(line), width):
        print_text(part)

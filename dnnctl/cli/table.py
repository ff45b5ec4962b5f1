"""Tables as aligned columns of text: the same on a terminal and in a file, and fast for thousands of rows."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from shutil import get_terminal_size
from textwrap import wrap
from typing import TextIO

from dnnctl.cli.printing import print_text
from dnnctl.text import ELLIPSIS, format_number, shorten_inside, visible

GAP = 2
"""The number of spaces between two columns."""
INDENT = 6
"""The indentation of the rest of a line that was broken."""
MIN_TEXT = 40
"""Text is not wrapped if fewer characters than this fit on a line."""


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print rows under a header.

    On a terminal that is too narrow for all columns, they are printed in several tables, each with the first column.
    Cells that are too wide for that are shortened.

    Args:
        right: the columns that are aligned to the right.
    """
    columns = [[visible(cell) for cell in column] for column in zip(header, *rows, strict=True)]
    width = terminal_width()
    shown = columns if width is None else shorten_columns(columns, width)
    for place, block in enumerate(split_columns(shown, width)):
        if place:
            print_text()
        _print_block(block, [visible(name) for name in right])
    if shown != columns:
        print_text(f"{ELLIPSIS} is text that does not fit", dim=True)


def shorten_columns(columns: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    """The columns, with cells that are so short that the first column and any other one fit into a width.

    If the columns do not all fit side by side, the first one gets at most half of the width.
    """
    if _width(columns) <= width:
        return [list(column) for column in columns]
    first, *others = columns
    first = [shorten_inside(cell, width // 2 if others else width) for cell in first]
    room = width - GAP - max(map(len, first))
    return [first, *([shorten_inside(cell, room) for cell in column] for column in others)]


def print_fitting(columns: Mapping[str, Sequence[str]], order: Sequence[str], hint: str, right: Sequence[str]) -> None:
    """Print the columns that fit side by side, and the names of the others.

    Args:
        columns: the cells of each column, by its name.
        order: the names of the columns, most important first; the very first is always shown.
        hint: how to see the others.
        right: the columns that are aligned to the right.
    """
    width = terminal_width()
    shown = dict(columns) if width is None else _fitting(columns, order, width)
    print_table(list(shown), list(zip(*shown.values(), strict=True)), right=right)
    left_out = [visible(name) for name in columns if name not in shown]
    if left_out:
        print_text(wrap_text(f"not shown at this width: {', '.join(left_out)} ({hint})", width), dim=True)


def _fitting(columns: Mapping[str, Sequence[str]], order: Sequence[str], width: int) -> dict[str, Sequence[str]]:
    """The columns that fit side by side into a width, in their own order."""
    whole = [[name, *map(visible, cells)] for name, cells in columns.items()]
    short = {cells[0]: cells[1:] for cells in shorten_columns(whole, width)}
    kept: set[str] = set()
    for name in order:
        if name in short and (not kept or _width([[each, *short[each]] for each in {*kept, name}]) <= width):
            kept.add(name)
    return {name: cells for name, cells in short.items() if name in kept}


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


def wrap_lines(text: str, width: int | None) -> str:
    """A text of several lines, each broken between words and indented as it was.

    Args:
        width: None for no limit.
    """
    lines = []
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        lines.append(line[:indent] + wrap_text(line[indent:], width, indent=indent))
    return "\n".join(lines)


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

"""Numbers, shapes and suggestions as text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence, Set
from difflib import get_close_matches
from textwrap import wrap

ELLIPSIS = "…"
MIN_FIRST, MIN_LAST = 12, 14
"""The characters that the first and the last column of a table have at least, even if it is wider then."""
MAX_ALLOWED = 24
INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""The Unicode categories of characters that are not printed: control characters, such as those that start an escape
sequence; format characters, such as those that reverse the direction of text; surrogates; and line separators."""


def visible(text: str) -> str:
    r"""The text on one line, with every character that a terminal would obey or hide written as its code: `\x1b`."""
    if text.isprintable():
        return text
    return "".join(char if unicodedata.category(char) not in INVISIBLE else _code(char) for char in text)


def visible_lines(text: str) -> str:
    """The same for a text of several lines, whose line breaks are kept."""
    return "\n".join(map(visible, text.split("\n")))


def format_number(value: float | None) -> str:
    """A metric with four decimal places, without any from 100,000, or with an exponent if it is very small or large."""
    if value is None:
        return "—"
    size = abs(value)
    if 1e5 <= size < 1e8:  # the mean absolute error of prices
        return f"{value:.0f}"
    return f"{value:.4f}" if 1e-3 <= size < 1e5 or value == 0 else f"{value:.3e}"


def format_seconds(seconds: float) -> str:
    """A human-readable duration."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def format_bytes(n_bytes: int) -> str:
    """A human-readable size."""
    size = float(n_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def format_count(n: int, noun: str) -> str:
    """A number of things: `1 epoch`, `1,000 epochs`."""
    return f"{n:,} {noun}{'s' * (n != 1)}"


def format_shape(shape: Sequence[int | None]) -> str:
    """A shape, for example `28 × 28`."""
    return " × ".join(map(str, shape)) or "one number"


def is_number(text: str) -> bool:
    """Whether a text is a number as Python writes it, including `nan` and `inf`."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def align(rows: Sequence[Sequence[str]], *, right: Set[int] = frozenset()) -> list[str]:
    """Rows of cells as lines with aligned columns, two spaces apart.

    Args:
        right: the indices of the columns that are aligned to the right.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def fit_rows(rows: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    """Rows that fit into a width when they are aligned: the cells of the first column are shortened, and those of the
    last one go on in rows of their own. Narrow columns are left as they are.
    """
    first, *middle, last = (max(map(len, column)) for column in zip(*rows, strict=True))
    room = width - sum(middle) - 2 * (len(middle) + 1)
    last = max(MIN_LAST, min(last, room - min(first, MIN_FIRST)))
    first = max(MIN_FIRST, room - last)
    fitting = []
    for head, *cells, end in rows:
        parts = wrap(end, last, break_long_words=False, break_on_hyphens=False) or [""]
        fitting.append([shorten_inside(head, first), *cells, parts[0]])
        fitting += [["", *([""] * len(cells)), part] for part in parts[1:]]
    return fitting


def shorten_inside(text: str, width: int) -> str:
    """The start and the end of a text that has more than `width` characters."""
    if len(text) <= width:
        return text
    end = (width - 1) // 3
    return f"{text[: width - 1 - end]}{ELLIPSIS}{text[len(text) - end :]}"


def suggest(word: str, allowed: Iterable[str], *, meant: str = "") -> str:
    """A suggestion, if one of the allowed words is similar, and the list of allowed words.

    Args:
        meant: the suggestion to print instead of the nearest word.
    """
    words = list(dict.fromkeys(str(entry) for entry in allowed))
    near = nearest(word, words)
    meant = meant or (f"`{near}`" if near else "")
    listed = ", ".join(words[:MAX_ALLOWED]) + (", …" if len(words) > MAX_ALLOWED else "")
    return (f"Did you mean {meant}? " if meant else "") + (f"Allowed: {listed}." if listed else "")


def nearest(word: str, allowed: Iterable[str], *, closeness: float = 0.6) -> str | None:
    """The allowed word that is most similar to a word, ignoring case; None if no word is similar.

    Args:
        closeness: the minimum similarity, from 0 (nothing in common) to 1 (equal).
    """
    words = {entry.lower(): entry for entry in reversed(list(allowed))}
    near = get_close_matches(word.lower(), words, n=1, cutoff=closeness)
    return words[near[0]] if near else None


def _code(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")

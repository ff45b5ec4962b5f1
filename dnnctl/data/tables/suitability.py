"""Whether a column can be used as it is, or needs a decision by the user."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from dnnctl.data.dataset import Array
from dnnctl.data.tables.column import Column
from dnnctl.data.tables.table_file import INDEX
from dnnctl.data.tables.wording import LONGEST, listed, listed_rows, quoted
from dnnctl.data.tables.written import look_written, written_fault
from dnnctl.errors import DataError, shorten
from dnnctl.store.encoding import MISSING
from dnnctl.text import is_number

MANY, TOO_MANY = 100, 10_000
"""More categories than `MANY` must be repeated: at least two rows each on average. More than `TOO_MANY` are refused."""
FEW = 20
MOSTLY = 0.8
PANDAS_INDEX = re.compile(rf"__index_level_\d+__|{INDEX}")
ROW_NUMBERS = 20
"""With fewer rows, consecutive numbers can be a coincidence."""


def unused_reason(column: Column) -> str:
    """Why a column that the user did not ask for is left out; empty if it is used."""
    if column.is_missing.all():
        return "no values"
    if PANDAS_INDEX.fullmatch(column.name):
        return "index of pandas"
    if column.kind == "number" and len(column) >= ROW_NUMBERS and _are_consecutive(column.values):
        return "row number"
    return ""


def _are_consecutive(values: Array) -> bool:
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        return bool((np.diff(values) == 1).all())


def check_feature(column: Column, path: str, *, is_typed: bool, refuses_missing: bool) -> None:
    """Reject a column that would enter the network as something that the user hardly wants.

    Args:
        is_typed: whether the spec gives its type.
        refuses_missing: whether missing values are an error.

    Raises:
        DataError: too many categories, numbers mixed with text, infinite numbers, or missing values.
    """
    if column.is_category:
        if not is_typed:
            _check_categories(column, path)
    else:
        check_finite(column, path)
    if refuses_missing and column.is_missing.any():
        raise DataError(
            f"{path}: column {quoted(column.name)} has no value in {listed_rows(column.is_missing)}. "
            "Remove these rows, or change `data.source.missing`, which refuses missing values."
        )


def has_too_many_texts(column: Column) -> bool:
    """Whether a column has more different texts than a network can learn from."""
    n_texts = sum(text != MISSING for text in column.texts)
    n = int((~column.is_missing).sum())
    return n_texts > TOO_MANY or (n_texts > MANY and n_texts > n / 2)


def is_free_text(column: Column) -> bool:
    """Whether a column has too many different texts, and they are not numbers that are written in another way."""
    return has_too_many_texts(column) and not written_fault(column.name, _texts(column)) and not _not_numbers(column)


def check_finite(column: Column, path: str) -> None:
    """Reject infinite numbers.

    Raises:
        DataError: there are some; the message lists the rows.
    """
    is_infinite = np.isinf(column.values.astype(np.float64, copy=False))
    if is_infinite.any():
        raise DataError(
            f"{path}: column {quoted(column.name)} has infinite values in {listed_rows(is_infinite)}. Replace them, or "
            "leave these fields empty."
        )


def _check_categories(column: Column, path: str) -> None:
    texts = _texts(column)
    n, name = int((~column.is_missing).sum()), quoted(column.name)
    key = shorten(column.name, LONGEST)
    choices = f"exclude it (`features.exclude`), or write `types: {{{key}: category}}` to use it as it is"
    check_written(column, path)
    junk = _not_numbers(column)
    if all(map(is_number, texts)):
        choices += f", or `types: {{{key}: number}}`"
    if junk and (len(texts) > FEW or not all(is_number(text) for text in texts if text not in junk)):
        raise DataError(
            f"{path}: most values of column {name} are numbers or dates, but not {listed(junk)}. Add these to "
            f"`data.source.missing.words`, {choices}."
        )
    if has_too_many_texts(column):
        raise DataError(
            f"{path}: column {name} has {len(texts):,} different texts in {n:,} rows, for example {listed(texts[:2])}. "
            f"A network cannot learn from so many. In `data.source.features`, {choices}."
        )


def spelling_warnings(columns: Iterable[Column]) -> tuple[str, ...]:
    """Categories that differ only in case, such as Yes and yes: a network does not know that they mean the same."""
    found = []
    for column in columns:
        spellings: dict[str, list[str]] = {}
        for text in column.texts:
            spellings.setdefault(text.casefold(), []).append(text)
        same = next((texts for texts in spellings.values() if len(texts) > 1), [])
        if same:
            found.append(
                f"column {quoted(column.name)}: {listed(same)} differ only in upper and lower case, and are separate "
                "categories. If they mean the same, write all of them in one way."
            )
    return tuple(found)


def check_written(column: Column, path: str) -> None:
    """Reject text that looks like numbers or dates, but was not read as such.

    Raises:
        DataError: it does; the message has the YAML that makes it clear.
    """
    fault = written_fault(column.name, _texts(column)) if column.is_category else ""
    if fault:
        raise DataError(f"{path}: column {quoted(column.name)} {fault}")


def _texts(column: Column) -> list[str]:
    return [text for text in column.texts if text != MISSING]


def _not_numbers(column: Column) -> list[str]:
    """The texts that are no numbers and no dates, if most of the values are; otherwise nothing."""
    counts = np.bincount(column.values, minlength=len(column.texts))
    junk = [
        code
        for code, (text, is_written) in enumerate(zip(column.texts, look_written(column.texts), strict=True))
        if text != MISSING and not is_written
    ]
    n = int((~column.is_missing).sum())
    is_mixed = 0 < int(counts[junk].sum()) <= (1 - MOSTLY) * n
    return [column.texts[code] for code in junk] if is_mixed else []

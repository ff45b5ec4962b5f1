"""Text that looks like numbers or dates, but can be read in several ways or in none: what to ask the user."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from dnnctl.data.tables.date_text import DAY_FIRST, LOOKS_LIKE, MONTH_FIRST, ORDERS, TWO_DIGITS, in_order
from dnnctl.data.tables.matching import all_match, as_column, first_match, matching
from dnnctl.data.tables.number_text import number_pattern, units_of, written_numbers
from dnnctl.data.tables.wording import LONGEST, quoted
from dnnctl.errors import shorten
from dnnctl.text import is_number

Texts = Sequence[str]


def written_fault(name: str, texts: Texts) -> str:
    """What is unclear about a column whose values all look like numbers or dates, and the YAML that makes it clear.
    Empty if they are plain numbers or other text.

    Args:
        texts: its different values, without missing ones.
    """
    if not texts or all(map(is_number, texts)):
        return ""
    array = as_column(texts)
    return _of_dates(name, texts, array) if all_match(array, LOOKS_LIKE) else _of_numbers(name, texts, array)


def look_written(texts: Texts) -> list[bool]:
    """Whether each text is a number, or looks like one with a unit or separators, or like a date."""
    patterns = (*map(number_pattern, ".,"), LOOKS_LIKE)
    found = zip(*(matching(texts, pattern) for pattern in patterns), strict=True)
    return [is_number(text) or any(each) for text, each in zip(texts, found, strict=True)]


def _type_yaml(name: str, kind: str) -> str:
    return f"`types: {{{shorten(name, LONGEST)}: {kind}}}` in `data.source.features`"


def _of_dates(name: str, texts: Texts, array: pa.ChunkedArray) -> str:
    days = {order: in_order(array, order) for order in ORDERS}
    possible = [order for order in ORDERS if days[order] is not None]
    if not possible:
        return (
            f"looks like dates, such as {quoted(texts[0])}, but no order of day and month fits all values. Write them "
            f"as 2026-01-31, or write {_type_yaml(name, 'category')} to use them as text."
        )
    if len(possible) == 1:
        return f"has dates, such as {quoted(texts[0])}. Write {_type_yaml(name, f'date_{possible[0]}')}."
    differ = np.flatnonzero(days[DAY_FIRST] != days[MONTH_FIRST])
    example = first_match(texts, TWO_DIGITS) or texts[differ[0] if len(differ) else 0]
    return (
        f"has dates such as {quoted(example)}, in which day or month can be first. Write "
        f"{_type_yaml(name, f'date_{DAY_FIRST}')}, or `date_{MONTH_FIRST}`."
    )


def _of_numbers(name: str, texts: Texts, array: pa.ChunkedArray) -> str:
    example, as_text = quoted(next(text for text in texts if not is_number(text))), _type_yaml(name, "category")
    if written_numbers(array, ".") is not None:
        return f"has numbers as text, such as {example}. To read them, write {_type_yaml(name, 'number')}."
    if all_match(array, number_pattern(".")):
        units = units_of(array).to_pylist()
        other = next(text for text, unit in zip(texts, units, strict=True) if unit != units[0])
        return f"has numbers with different units, such as {quoted(texts[0])} and {quoted(other)}. Use one unit."
    if all_match(array, number_pattern(",")):
        return (
            f"has numbers with decimal commas, such as {example}. If this is so in the whole CSV file, write "
            f"`decimal: ','` in `data.source`. To use them as text, write {as_text}."
        )
    if all(is_number(text.replace(",", "")) for text in texts):
        return f"has numbers with commas, such as {example}. Remove the commas. To use them as text, write {as_text}."
    return ""

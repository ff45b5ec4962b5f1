"""Dates as people write them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnnctl.data.tables.date_text import in_order, read_dates
from dnnctl.data.tables.matching import as_column

FORMATS = {
    "%d.%m.%Y": "day_first", "%d/%m/%Y %H:%M": "day_first", "%d-%m-%y": "day_first", "%m/%d/%Y": "month_first",
    "%m/%d/%Y %I:%M %p": "month_first", "%m/%d/%y %I:%M:%S%p": "month_first", "%d %b %Y": "year_first",
    "%d-%B-%Y %H:%M": "year_first", "%B %d, %Y": "year_first", "%Y/%m/%d": "year_first",
    "%Y-%m-%d %H:%M": "year_first", "%Y-%m-%dT%H:%M:%S+02:00": "year_first",
}  # fmt: skip


@given(st.datetimes(dt.datetime(1969, 1, 1), dt.datetime(2068, 12, 31)), st.sampled_from([*FORMATS]))
def test_dates_are_read_as_strptime_reads_them(time: dt.datetime, layout: str) -> None:
    """The oracle is Python's own parser of the same layout."""
    text = time.strftime(layout).replace("AM", " am" if time.minute % 2 else "AM")
    expected = dt.datetime.strptime(time.strftime(layout), layout).replace(tzinfo=None)
    if "+02:00" in layout:
        expected -= dt.timedelta(hours=2)
    days = in_order(as_column([text]), FORMATS[layout])
    assert days is not None
    assert days[0] == pytest.approx((expected - dt.datetime(1970, 1, 1)) / dt.timedelta(days=1), abs=1e-9)


ORDERS = {
    "07.07.2024": "day_first", "7/13/2024 1/2/2024": "month_first", "13/7/2024 1/2/2024": "day_first",
    "7/8/2024 1/2/2024": None, "7/7/2024": None, "13/7/2024 1/13/2024": None, "13.7.24": None, "30.02.2024": None,
    "2024-07-07": "year_first", "7-Jul-2024": "year_first", "2024-07-07 7/13/2024": "month_first", "1.2.10": None,
    "2024-07-07 x": None,
}  # fmt: skip


@pytest.mark.parametrize(("texts", "order"), ORDERS.items())
def test_an_order_is_found_only_where_it_is_clear(texts: str, order: str | None) -> None:
    found = read_dates(as_column(texts.split()), None)
    assert (found and found[1]) == order


def test_hours_of_half_a_day_are_from_1_to_12() -> None:
    assert in_order(as_column(["2024-07-07 12:30 AM", "2024-07-07 12:30 PM"]), "year_first") == pytest.approx(
        [19911 + 0.5 / 24, 19911 + 12.5 / 24]
    )
    assert in_order(as_column(["2024-07-07 13:00 PM"]), "year_first") is None
    assert in_order(as_column(["2024-07-07 00:10 AM"]), "year_first") is None


def test_text_with_the_year_first_is_the_only_one_without_an_order() -> None:
    assert in_order(as_column(["7/13/2024"]), "year_first") is None

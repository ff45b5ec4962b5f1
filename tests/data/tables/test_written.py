"""Text that looks like numbers or dates."""

from __future__ import annotations

import pytest

from dnnctl.data.tables.written import written_fault

FAULTS = {
    "7/8/2024 1/1/2024": "has dates such as '7/8/2024', in which day or month can be first. Write `types: {d: date_day",
    "7.8.24": "has dates such as '7.8.24', in which day or month can be first",
    "13.8.24": "has dates, such as '13.8.24'. Write `types: {d: date_day_first}`",
    "13/7/2024 1/13/2024": "looks like dates, such as '13/7/2024', but no order",
    "1,5 2": "has numbers with decimal commas, such as '1,5'. If this is so in the whole CSV file, write `decimal",
    "€1.200,50": "has numbers with decimal commas, such as '€1.200,50'",
    "1,23,456": "has numbers with commas, such as '1,23,456'. Remove the commas",
    "$5 €5": "has numbers with different units, such as '$5' and '€5'",
    "1 $5": "has numbers with different units, such as '1' and '$5'",
    "$5": "has numbers as text, such as '$5'. To read them, write `types: {d: number}`",
}


@pytest.mark.parametrize(("texts", "fault"), FAULTS.items())
def test_the_fault_shows_a_value_and_the_yaml(texts: str, fault: str) -> None:
    assert written_fault("d", texts.split()).startswith(fault)


@pytest.mark.parametrize("texts", ["1 2", "01234 2", "a b", "a,b", "1.2.3", "1 x", "10:30", ""])
def test_other_text_has_no_fault(texts: str) -> None:
    assert written_fault("d", texts.split()) == ""

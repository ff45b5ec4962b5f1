"""Text that a terminal prints as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnnctl.text import visible, visible_lines

OBEYED = [
    *map(chr, range(0x20)),
    "\x7f",
    *map(chr, range(0x80, 0xA0)),
    *"\u202a\u202b\u202c\u202d\u202e",
    *"\u2066\u2067",
]
HIDDEN = [*"\u2068\u2069\u200b\u200e\u200f\u061c\ufeff\u00ad\u2028\u2029", "\U000e0041", "\udcff"]


@pytest.mark.parametrize("char", [*OBEYED, *HIDDEN])
def test_a_character_that_is_obeyed_or_hidden_is_shown_as_its_code(char: str) -> None:
    shown = visible(f"a{char}b")
    assert (shown[:2], shown[-1], shown.isascii(), shown.isprintable()) == ("a\\", "b", True, True)
    assert shown[1:-1].encode().decode("unicode_escape") == char


@given(st.text())
def test_no_text_is_obeyed(text: str) -> None:
    for line in (visible(text), *visible_lines(text).split("\n")):
        assert not {"Cc", "Cf", "Cs", "Zl", "Zp"} & {unicodedata.category(char) for char in line}
    assert visible_lines(text).count("\n") == text.count("\n")


@pytest.mark.parametrize("text", ["", "net", "Größe 数字 ± — × ½ é", "thin\u2009space", "1\u00a0000"])
def test_ordinary_text_does_not_change(text: str) -> None:
    assert visible(text) == text

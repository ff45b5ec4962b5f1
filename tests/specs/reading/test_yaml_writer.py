from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dnnctl.specs.reading.yaml_reader import read_text
from dnnctl.specs.reading.yaml_writer import write_inline, write_yaml

TRICKY = st.sampled_from(
    ["1e-3", "no", "on", "0x1F", "017", "~", "null", "true", ".5", "=", "1:30", "- a", "a: b", "#", ""]
)
SCALARS = (
    st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
    | TRICKY
)
KEYS = st.text(st.characters(categories=["Ll", "Lu", "Nd"]), min_size=1, max_size=8)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_reading_what_was_written_gives_the_same_value(value: dict[str, Any]) -> None:
    """read(write(x)) == x, types included."""
    node, faults = read_text(write_yaml(value), "a.yaml")
    assert not faults
    assert node.plain() == value
    assert repr(node.plain()) == repr(value)


@given(VALUES | st.text(st.characters(codec="utf-8"), max_size=20))
def test_a_value_on_one_line_is_read_back(value: Any) -> None:
    """read(key: inline(x)) == x, types included."""
    line = write_inline(value)
    node, faults = read_text(f"key: {line}  # comment", "a.yaml")
    assert not faults
    assert ("\n" in line, repr(node.plain())) == (False, repr({"key": value}))

"""The size of a text is that of the values it expands to."""

from __future__ import annotations

import pytest

from dnnctl.errors import SpecError
from dnnctl.specs.reading.expanded_size import MAX_NODES
from dnnctl.specs.reading.yaml_reader import read_text


def text_of(n_values: int) -> str:
    """A text that expands to a number of values: an anchor of 100, aliases of it, and single values.

    The mapping, its two keys and the second list are four more.
    """
    n_aliases, n_single = divmod(n_values - 4 - 100, 100)
    return f"a: &a [{', '.join(['x'] * 99)}]\nb: [{', '.join(['*a'] * n_aliases + ['x'] * n_single)}]\n"


def test_the_largest_text_is_read_and_no_larger_one() -> None:
    _, faults = read_text(text_of(MAX_NODES), "a.yaml")
    assert faults == []
    with pytest.raises(SpecError, match=f"more than {MAX_NODES} values"):
        read_text(text_of(MAX_NODES + 1), "a.yaml")

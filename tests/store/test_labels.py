"""What a user says about a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnnctl.errors import UserError
from dnnctl.store.labels import MAX_NOTE, MAX_TAGS, Labels

CHANGES = st.lists(st.tuples(st.booleans(), st.sampled_from("abcd")), max_size=12)


@given(CHANGES)
def test_tags_are_a_set_that_keeps_its_order(changes: list[tuple[bool, str]]) -> None:
    """The oracle is a list from which nothing is removed that it does not have."""
    labels, expected = Labels(), list[str]()
    for is_added, tag in changes:
        if is_added:
            labels = labels.tagged([f"+{tag}"])
            expected += [] if tag in expected else [tag]
        elif tag in expected:
            labels = labels.tagged([f"-{tag}"])
            expected.remove(tag)
        else:
            with pytest.raises(UserError, match=f"no tag '{tag}'"):
                labels.tagged([f"-{tag}"])
    assert list(labels.tags) == expected


@pytest.mark.parametrize("change", ["good", "", "+", "-", "+a b", "+a,b", "+\x1b[1m", "+-a", f"+{'a' * 51}"])
def test_what_is_no_change_of_a_tag_is_refused(change: str) -> None:
    with pytest.raises(UserError, match="Received"):
        Labels().tagged([change])


def test_a_tag_is_not_added_and_removed_at_once() -> None:
    with pytest.raises(UserError, match="added and removed"):
        Labels(tags=("a",)).tagged(["+a", "-a"])


def test_a_similar_tag_is_suggested() -> None:
    with pytest.raises(UserError, match=r"Did you mean paper\?"):
        Labels(tags=("good", "paper")).tagged(["-papr"])


def test_labels_are_limited() -> None:
    assert len(Labels().tagged([f"+{number}" for number in range(MAX_TAGS)]).tags) == MAX_TAGS
    with pytest.raises(UserError, match="at most 100 tags"):
        Labels().tagged([f"+{number}" for number in range(MAX_TAGS + 1)])
    assert Labels().noted("x" * MAX_NOTE).note
    with pytest.raises(UserError, match="at most 10,000 characters"):
        Labels().noted("x" * (MAX_NOTE + 1))

"""The lists of Slurm."""

from __future__ import annotations

import pytest

from dnnctl.commands.slurm import expand_counts, expand_hosts


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("a", ["a"]),
        ("a[1-3,5]", ["a1", "a2", "a3", "a5"]),
        ("n[08-11]x,login", ["n08x", "n09x", "n10x", "n11x", "login"]),
        ("r[1-2]n[1,3]", ["r1n1", "r1n3", "r2n1", "r2n3"]),
    ],
)
def test_node_lists(text: str, hosts: list[str]) -> None:
    """Examples from the manual of `scontrol show hostnames`."""
    assert expand_hosts(text) == hosts


def test_counts() -> None:
    assert expand_counts("2(x3),1") == [2, 2, 2, 1]


@pytest.mark.parametrize("text", ["a[", "a[x]", ",a"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a"):
        expand_hosts(text)
    with pytest.raises(ValueError, match="a"):
        expand_counts(text)

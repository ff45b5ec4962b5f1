from __future__ import annotations

import pytest

from dnnctl import errors
from dnnctl.errors import (
    MAX_MESSAGE,
    MAX_REPORT_LINES,
    DnnctlError,
    Fault,
    Place,
    SpecError,
    UserError,
    report,
    shorten,
)


def make_fault(number: int) -> Fault:
    place = Place("a.yaml", number + 1, 3, f"  key{number}: 1")
    return Fault(f"unknown key 'key{number}'", f"key{number}", place, hint="Did you mean `key`? Allowed: key.")


@pytest.mark.parametrize("n_faults", [1, 5, 7, 10, 20, 21, 500])
def test_a_report_has_at_most_twenty_lines_and_counts_the_remaining_faults(n_faults: int) -> None:
    lines = report([make_fault(number) for number in range(n_faults)]).splitlines()
    assert len(lines) <= MAX_REPORT_LINES
    n_shown = sum(line.startswith("a.yaml:") for line in lines)
    n_counted = int(lines[-1].split()[2]) if lines[-1].startswith("… and") else 0
    assert n_shown + n_counted == n_faults


def test_the_text_of_a_fault_has_place_path_rule_received_source_line_and_hint() -> None:
    fault = Fault("must be a number", "seed", Place("a.yaml", 3, 7, "seed: x"), "'x'", "Write a number.")
    assert fault.lines() == [
        "a.yaml:3:7: seed: must be a number. Received: 'x'.",
        "     3 | seed: x",
        "       Write a number.",
    ]


def test_long_or_unprintable_text_becomes_one_short_line() -> None:
    assert shorten("a\x1b[31mb\nc", 20) == "a·[31mb c"
    assert len(shorten("x" * 10_000, 80)) == 80


def test_a_long_place_leaves_room_for_the_rule() -> None:
    """A file name or a key of thousands of characters must not hide what is wrong."""
    line = Fault("the rule", "key" * 5000, Place("file" * 5000 + ".yaml", 3, 7), "x" * 5000).lines()[0]
    assert "yaml:3:7: key" in line
    assert "the rule. Received: x" in line
    assert len(line) <= MAX_MESSAGE


def test_every_error_is_in_the_tree_in_the_docstring() -> None:
    kinds = [entry for entry in vars(errors).values() if isinstance(entry, type) and issubclass(entry, Exception)]
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in kinds)
    assert {kind.exit_code for kind in kinds if issubclass(kind, DnnctlError)} == {1, 2, 3}
    assert issubclass(SpecError, UserError)


@pytest.mark.parametrize("suggestion", ["Did you mean `key`?", "Write `validation: {size: 0.2}`."])
def test_a_fault_on_one_line_keeps_what_to_write(suggestion: str) -> None:
    """Where there is no space for whole faults, the fix is still there; the list of words is not."""
    fault = Fault("wrong", "key", Place("a.yaml", 3, 1, "key: 1"), "1", f"{suggestion} Allowed: a, b.")
    assert fault.line() == f"a.yaml:3:1: key: wrong. Received: 1. {suggestion}"

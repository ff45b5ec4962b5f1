"""Which keys of JSON lines are inputs and target."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dnnctl.data.guess.endings import guess_source
from dnnctl.errors import DataError


def keys(folder: Path, record: dict[str, Any], target: str | None = None) -> tuple[object, object]:
    """The keys of inputs and target in a file in which `flag` alternates."""
    lines = [json.dumps({**record, **({"flag": n % 2} if "flag" in record else {})}) for n in range(10)]
    (folder / "a.jsonl").write_text("\n" + "\n".join(lines))
    found = {entry.key: entry.value for entry in guess_source(folder / "a.jsonl", target).entries}
    return found["inputs"], found["target"]


def test_inputs_are_a_list_and_the_target_is_found_as_in_tables(tmp_path: Path) -> None:
    assert keys(tmp_path, {"pixel": [1, 2], "flag": 0}) == ("pixel", "flag")
    assert keys(tmp_path, {"other": [1], "inputs": [1, 2], "flag": 0}) == ("inputs", "flag")
    assert keys(tmp_path, {"flag": 0, "inputs": [1, 2], "z": 3}, "flag") == ("inputs", "flag")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"a": 1, "flag": 0}, r"no key has a list of numbers(.|\n)*pandas"),
        ({"a": [1]}, "no target"),
        ({}, "not a JSON object"),
    ],
)
def test_lines_of_another_form_are_an_error(record: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        keys(tmp_path, record)


def test_a_key_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no key 'flagg'\. Did you mean `flag`"):
        keys(tmp_path, {"a": [1], "flag": 0}, "flagg")

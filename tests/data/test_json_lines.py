"""Examples in a file of JSON lines."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnctl.data import json_lines as module
from dnnctl.data.json_lines import LineIndex, index_lines
from dnnctl.errors import DataError

INPUTS = np.random.default_rng(0).normal(size=(10, 2, 3)).astype(np.float32)


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def examples() -> list[Any]:
    return [{"note": "é\n", "inputs": row.tolist(), "target": "ab"[number % 2]} for number, row in enumerate(INPUTS)]


def index(path: Path) -> LineIndex:
    return index_lines(path, "inputs", "target")


@pytest.mark.parametrize("batch", [1, 3, 256])
def test_rows_are_those_of_the_lines_in_the_order_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """Blank lines, other keys and a missing newline at the end do not matter."""
    monkeypatch.setattr(module, "BATCH", batch)
    rows = examples()
    path = write(tmp_path / "a.jsonl", [*rows[:4], "", "  ", *rows[4:]])
    path.write_text(path.read_text().rstrip("\n"))
    found = index(path)
    asked = np.array([9, 0, 4, 4, 3])
    np.testing.assert_array_equal(found.read(asked), INPUTS[asked])
    np.testing.assert_array_equal(found.read(slice(2, 6)), INPUTS[2:6])
    assert found.targets.tolist() == ["a", "b"] * 5


def test_the_digest_is_that_of_the_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = index(write(tmp_path / "a.jsonl", examples())).digest
    monkeypatch.setattr(module, "BATCH", 3)
    spaced = [json.dumps(row, indent=None, separators=(" , ", " : ")) for row in examples()]
    assert index(write(tmp_path / "b.jsonl", spaced)).digest == first
    changed = examples()
    changed[7]["inputs"][1][2] += 1
    assert index(write(tmp_path / "c.jsonl", changed)).digest != first
    flat = [{**row, "inputs": [*row["inputs"][0], *row["inputs"][1]]} for row in examples()]
    assert index(write(tmp_path / "d.jsonl", flat)).digest != first


def test_the_cached_index_belongs_to_the_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path / "cache"))
    path = write(tmp_path / "a.jsonl", [{"x": [1], "z": [2], "y": 3, "t": 4}])
    found = [index_lines(path, *keys) for keys in (("x", "y"), ("x", "t"), ("z", "y"), ("x", "y"))]
    assert [each.targets.tolist() for each in found] == [[3], [4], [3], [3]]
    assert [each.read(slice(None)).tolist() for each in found] == [[[1]], [[1]], [[2]], [[1]]]


def test_the_index_is_cached_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path / "cache"))
    path = write(tmp_path / "a.jsonl", examples())
    first = index(path)
    with monkeypatch.context() as patched:
        patched.setattr(module, "_scan", lambda *_: pytest.fail("it was read again"))
        again = index(path)
    np.testing.assert_array_equal(again.read(slice(None)), INPUTS)
    assert (again.digest, again.targets.tolist()) == (first.digest, first.targets.tolist())
    for entry in (tmp_path / "cache").rglob("*.npz"):
        entry.write_bytes(entry.read_bytes()[:100])
    assert index(path).digest == first.digest
    write(path, examples()[:4])
    assert len(index(path).starts) == 4
    with pytest.raises(DataError, match="changed while it was in use"):
        first.read(slice(None))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "a.jsonl:3: the line is not JSON: EOF.* Write one JSON object per line"),
        ('{"inputs": [[1, 2, 3], [4, 5, NaN]], "target": "a"}', ":3: the line is not JSON"),
        ("[1, 2]", ":3: the line is not a JSON object"),
        ({"input": 1, "target": "a"}, ":3: no key 'inputs'. Did you mean `input`"),
        ({"inputs": INPUTS[0].tolist()}, ":3: no key 'target'"),
        ({"inputs": [1, 2], "target": "a"}, ":3: the inputs have the shape 2, but 2 × 3 in earlier lines"),
        (
            {"inputs": [[1, 2, 3], [4]], "target": "a"},
            ":3: the inputs are not numbers, too large for float32, or lists of different lengths",
        ),
        ({"inputs": [[1, 2, "3"], [4, 5, 6]], "target": "a"}, ":3: the inputs are not numbers"),
        ({"inputs": [[1, 2, None], [4, 5, 6]], "target": "a"}, ":3: the inputs are not numbers"),
        ({"inputs": [[1, 2, 1e300], [4, 5, 6]], "target": "a"}, ":3: the inputs are not numbers"),
        ({"inputs": INPUTS[0].tolist(), "target": None}, "the targets are null or objects and text"),
        ({"inputs": INPUTS[0].tolist(), "target": 3}, "the targets are numbers and text"),
    ],
)
def test_a_line_that_does_not_fit_is_refused_with_its_number(tmp_path: Path, row: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        index(write(tmp_path / "a.jsonl", [*examples()[:2], row, *examples()[2:]]))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "contains no examples"),
        ([{"inputs": 1, "target": 1}], ":1: the inputs must be a list"),
        ([{"inputs": [], "target": 1}], ":1: the inputs must be a list"),
        ([{"inputs": [1], "target": [1, 2]}, {"inputs": [1], "target": [1]}], "targets are lists of different lengths"),
        ([{"inputs": [1.7e9], "target": 1}, {"inputs": [1.7e9 + 1], "target": 2}], "cannot be distinguished"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, rows: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        index(write(tmp_path / "a.jsonl", rows))
    with pytest.raises(DataError, match="no such file"):
        index(tmp_path / "b.jsonl")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(DataError, match=":1: the line is not JSON"):
        index(tmp_path / "a.jsonl")

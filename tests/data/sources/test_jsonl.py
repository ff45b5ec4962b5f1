"""The splits in files of JSON lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dnnctl.data.source import load_source
from dnnctl.errors import DataError
from dnnctl.specs.source import JsonLines


def write(path: Path, *targets: Any, width: int = 2) -> str:
    rows = [json.dumps({"x": [number] * width, "y": target}) for number, target in enumerate(targets)]
    path.write_text("\n".join(rows))
    return str(path)


def source(path: str, **keys: Any) -> JsonLines:
    return JsonLines(kind="jsonl", path=path, inputs="x", target="y", **keys)


@pytest.mark.parametrize(
    ("targets", "keys", "task", "encoded"),
    [
        (("b", "a"), {}, "classes", [1, 0]),
        ((30, 4), {}, "classes", [1, 0]),
        ((True, False), {}, "classes", [1, 0]),
        ((1.5, 2), {}, "numbers", [[1.5], [2]]),
        (([1, 2.5], [3, 4]), {}, "numbers", [[1, 2.5], [3, 4]]),
        ((1, 2), {"task": "numbers"}, "numbers", [[1], [2]]),
        (([1, 0], [0, 0]), {"task": "labels"}, "labels", [[1, 0], [0, 0]]),
    ],
)
def test_targets_are_encoded_as_those_of_arrays(
    tmp_path: Path, targets: tuple[Any, ...], keys: dict[str, Any], task: str, encoded: Any
) -> None:
    path = write(tmp_path / "a.jsonl", *targets)
    raw = load_source(source(path, **keys))
    assert (raw.task, raw.train.targets.tolist()) == (task, encoded)
    assert raw.train.take(slice(None)).inputs.tolist() == [[0, 0], [1, 1]]


def test_each_split_has_its_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", "a", "b", "a")
    validation, test = write(tmp_path / "v.jsonl", "b"), write(tmp_path / "t.jsonl", "a", "b")
    raw = load_source(source(path, validation_path=validation, test_path=test))
    assert raw.validation is not None
    assert raw.test is not None
    assert [part.targets.tolist() for part in (raw.train, raw.validation, raw.test)] == [[0, 1, 0], [1], [0, 1]]
    wide = write(tmp_path / "wide.jsonl", "a", "b", width=3)
    with pytest.raises(DataError, match="the inputs have the shape 3, but the training inputs 2"):
        load_source(source(path, test_path=wide))

"""Which features of TFRecord files are inputs and target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from record_files import write_records

from dnnctl.data.guess.endings import guess_source
from dnnctl.data.guess.guess import Guess
from dnnctl.errors import DataError
from image_files import draw_pixels, png

PHOTO = png(draw_pixels(1, 9, 10, 3)[0])


def guess(folder: Path, features: dict[str, Any], target: str | None = None) -> Guess:
    """What is found in a file in which `label` alternates."""
    examples = [{**features, **({"label": n % 2} if "label" in features else {})} for n in range(10)]
    return guess_source(write_records(folder / "a.tfrecord", examples), target)


@pytest.mark.parametrize(
    ("features", "inputs", "shape"),
    [
        ({"label": 0, "name": "a", "row": [1.0, 2.0], "id": 1}, "row", (2,)),
        ({"label": 0, "row": [1.0, 2.0], "x": [1.0]}, "x", (1,)),
        ({"label": 0, "age": 1, "height": 1.5, "name": "a"}, ["age", "height"], (2,)),
        ({"label": 0, "photo": PHOTO, "height": 9}, "photo", (9, 10, 3)),
        ({"label": 0, "image/encoded": PHOTO, "image/format": "png"}, "image/encoded", (9, 10, 3)),
    ],
)
def test_inputs_are_an_image_a_list_or_all_numbers(
    tmp_path: Path, features: dict[str, Any], inputs: object, shape: tuple[int, ...]
) -> None:
    found = guess(tmp_path, features)
    entries = {entry.key: entry.value for entry in found.entries}
    assert (entries["inputs"], entries["target"]) == (inputs, "label")
    assert (found.kind, found.task, found.input_shape) == ("tfrecord", "classes", shape)


def test_the_target_can_be_chosen(tmp_path: Path) -> None:
    found = guess(tmp_path, {"label": 0, "x": [1.0, 2.0], "y2": 0.5, "other": "a"}, "label")
    assert {entry.key: entry.value for entry in found.entries}["target"] == "label"
    with pytest.raises(DataError, match="has no feature 'lable'"):
        guess(tmp_path, {"label": 0, "x": [1.0]}, "lable")


@pytest.mark.parametrize("features", [{"label": 0, "raw": b"\x00\x01"}, {"label": 0}, {"x": [1.0, 2.0]}, {}])
def test_features_of_another_form_are_an_error(tmp_path: Path, features: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="no features can be inputs"):
        guess(tmp_path, features)

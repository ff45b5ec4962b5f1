"""New inputs in TFRecord files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from record_files import write_records

from dnnctl.data.inputs.batch import InputForm
from dnnctl.data.inputs.labelled import open_labelled
from dnnctl.data.inputs.open import open_inputs
from dnnctl.errors import UserError
from dnnctl.specs.source import BuiltIn, Source, TfRecord
from dnnctl.store.facts import TargetFacts
from image_files import draw_pixels, png

ROWS = np.random.default_rng(0).normal(size=(1030, 3)).astype(np.float32)
IMAGES = draw_pixels(3, 5, 6, 3)


def form(*shape: int, is_pixels: bool = False, **keys: Any) -> InputForm:
    source = TfRecord.model_validate({"kind": "tfrecord", "path": "gone", **keys})
    return InputForm("r1", shape, is_pixels, source=source)


def read(path: Path, how: InputForm) -> Any:
    return np.concatenate([batch.inputs for batch in open_inputs([str(path)], how).batches()])


def test_records_are_read_as_in_training_without_targets(tmp_path: Path) -> None:
    path = write_records(tmp_path / "a.tfrecord", [{"inputs": row} for row in ROWS])
    np.testing.assert_array_equal(read(path, form(3)), ROWS)
    path = write_records(tmp_path / "b.tfrecord", [{"inputs": png(image)} for image in IMAGES])
    np.testing.assert_array_equal(read(path, form(5, 6, 3, is_pixels=True)), IMAGES)
    assert read(path, form(2, 3, is_pixels=True, size=[2, 3], color="auto")).shape == (3, 2, 3)


def test_targets_are_those_of_the_records(tmp_path: Path) -> None:
    labels = ["b", "a", "b"]
    examples = [{"inputs": row, "target": label} for row, label in zip(ROWS[:3], labels, strict=True)]
    path = write_records(tmp_path / "a.tfrecord", examples)
    found = open_labelled(str(path), form(3), TargetFacts("classes", ("a", "b")))
    assert found.targets({}).tolist() == [1, 0, 1]
    assert sum(len(batch) for batch in found.inputs.batches()) == 3
    with pytest.raises(UserError, match="classes that the run does not know"):
        open_labelled(str(path), form(3), TargetFacts("classes", ("a", "c")))


def test_records_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = str(write_records(tmp_path / "a.tfrecord", [{"inputs": row} for row in ROWS[:2]]))
    other: Source = BuiltIn(kind="mnist")
    for how, keep, message in (
        (form(4), [], r"the inputs have the shape 3\. r1 takes 4"),
        (InputForm("r1", (3,), is_pixels=False, source=other), [], "was not trained on TFRecord files"),
        (form(3), ["id"], "--keep id"),
    ):
        with pytest.raises(UserError, match=message):
            open_inputs([path], how, keep)
    images = write_records(tmp_path / "b.tfrecord", [{"inputs": png(image)} for image in (IMAGES[0], IMAGES[0][1:])])
    with pytest.raises(UserError, match="different sizes"):
        open_inputs([str(images)], form(5, 6, 3, is_pixels=True))

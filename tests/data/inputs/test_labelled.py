"""New examples with their targets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnctl.data.inputs.batch import InputForm
from dnnctl.data.inputs.labelled import label_memory, open_labelled
from dnnctl.errors import DataError
from dnnctl.specs.images import Images
from dnnctl.specs.table import Csv
from dnnctl.store.encoding import ColumnEncoding, TableEncoding
from dnnctl.store.facts import TargetFacts
from image_files import draw_pixels, write_folder

FORM = InputForm("a run", (1,), is_pixels=False)
CLASSES = TargetFacts("classes", ("a", "b"))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (["a", None], "must all be of one kind"),
        (["a", 1], "are numbers and text"),
        ([["a"], ["a", "b"]], "lists of different lengths"),
    ],
)
def test_targets_that_are_not_of_one_kind_are_refused(targets: list[Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "new.jsonl"
    path.write_text("".join(json.dumps({"inputs": [0], "target": target}) + "\n" for target in targets))
    labelled = open_labelled(str(path), FORM, CLASSES)
    with pytest.raises(DataError, match=message):
        labelled.targets({"target": targets})


def test_targets_in_memory_can_be_objects_but_not_missing() -> None:
    inputs = np.zeros((2, 1), np.float32)
    assert label_memory((inputs, np.array(["b", "a"], object)), FORM, CLASSES).targets({}).tolist() == [1, 0]
    with pytest.raises(DataError, match="some targets are missing"):
        label_memory((inputs, np.array(["b", None], object)), FORM, CLASSES)


@pytest.mark.parametrize("name", ["a.png", "photos", "a.tfrecord", "a.npz"])
def test_what_is_no_table_is_refused_in_the_words_of_the_run(name: str, tmp_path: Path) -> None:
    """The user did not write --keep, which is how targets are read."""
    write_folder(tmp_path / "photos", {"a.png": draw_pixels(1, 2, 2)[0]})
    encoding = TableEncoding((ColumnEncoding("n", "number"),))
    form = InputForm("a run", (), False, encoding, source=Csv(kind="csv", path="x.csv", target="y"))
    with pytest.raises(DataError, match=f"{name} is .*, but a run takes the columns of a table: 'n'"):
        open_labelled(str(tmp_path / name), form, CLASSES)


def test_a_folder_with_several_splits_is_refused_so_that_training_images_are_not_measured(tmp_path: Path) -> None:
    pixels = draw_pixels(4, 2, 2)
    names = ("train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png")
    folder = write_folder(tmp_path / "data", dict(zip(names, pixels, strict=True)))
    form = InputForm("a run", (2, 2), is_pixels=True, source=Images(kind="images", path=str(folder)))
    with pytest.raises(DataError, match=f"several splits. Name one of them, such as {folder}/test"):
        open_labelled(str(folder), form, CLASSES)
    assert open_labelled(str(folder / "test"), form, CLASSES).targets({}).tolist() == [0, 1]

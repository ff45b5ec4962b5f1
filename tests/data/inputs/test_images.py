"""New image files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dnnctl.data.inputs import images as module
from dnnctl.data.inputs.batch import InputForm
from dnnctl.data.inputs.images import ImageInputs
from dnnctl.data.inputs.open import open_inputs
from dnnctl.errors import DataError
from image_files import draw_pixels, write_folder

IMAGES = draw_pixels(5, 3, 4)
FORM = InputForm("r1", (3, 4), is_pixels=True)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    good = {f"{n}.png": image for n, image in enumerate(IMAGES)}
    bad = {"1b.png": b"text", "2b.png": b"", "5.png": draw_pixels(1, 4, 4)[0]}
    return str(write_folder(tmp_path / "photos", {**good, **bad}))


@pytest.mark.parametrize("batch", [1, 2, 256])
def test_images_that_cannot_be_used_have_no_row_and_are_named(
    folder: str, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", batch)
    reader = open_inputs([folder], FORM)
    found = list(reader.batches())
    assert [name for each in found for name in each.keys["path"]] == [f"{folder}/{n}.png" for n in range(5)]
    np.testing.assert_array_equal(np.concatenate([each.inputs for each in found]), IMAGES)
    (note,) = reader.notes()
    assert note.startswith("3 of 8 images cannot be used and have no row:\n")
    assert [line.split(": ")[0].strip() for line in note.splitlines()[1:]] == [
        f"{folder}/{name}.png" for name in ("1b", "2b", "5")
    ]


def test_without_an_image_that_can_be_used_all_are_named_in_an_error(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "photos", {f"{n}.png": b"text" for n in range(12)})
    with pytest.raises(DataError, match=r"(?s)Images cannot be used:.*0\.png: not an image.*and 2 more"):
        list(open_inputs([str(folder)], FORM).batches())


def test_images_with_targets_must_all_be_used(folder: str) -> None:
    """Otherwise targets and rows would not match."""
    paths = sorted(map(str, Path(folder).iterdir()))
    with pytest.raises(DataError, match=r"(?s)1b\.png.*2b\.png.*5\.png: 4 × 4"):
        list(ImageInputs(paths, FORM).batches())

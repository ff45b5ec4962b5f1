"""Image files as rows of a data set."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from dnnctl.data.images import threads
from dnnctl.data.images.decode import Form
from dnnctl.data.images.index import build_index
from dnnctl.data.images.kept import Kept
from dnnctl.data.images.rows import ImageFiles, ImageRows
from dnnctl.data.source import no_progress
from dnnctl.errors import DataError
from image_files import draw_pixels, png, write_folder

N = 100
IMAGES = draw_pixels(N, 3, 4)
NUMBERS = np.random.default_rng(3).permutation(N)[:80]


def rows_of(folder: Path) -> ImageRows:
    """The images of 80 of 100 files, in an order of their own."""
    paths = [f"{number}.png" for number in range(N)]
    write_folder(folder, dict(zip(paths, IMAGES, strict=True)))
    index = build_index(folder, folder, paths, Form(), Kept(N), no_progress)
    return ImageRows(ImageFiles(folder, paths, index, Form(color="grey"), (3, 4)), NUMBERS, np.arange(80))


@pytest.mark.parametrize("n_processors", [1, 4])
def test_rows_are_read_in_the_order_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_processors: int
) -> None:
    """Oracle: indexing the pixels that were written, with any number of threads."""
    monkeypatch.setattr(threads, "n_processors", lambda: n_processors)
    monkeypatch.setattr(threads, "BATCH", 3)
    rows = rows_of(tmp_path)
    asked = np.random.default_rng(4).integers(0, 80, 50)
    part = rows.take(asked)
    np.testing.assert_array_equal(part.inputs, IMAGES[NUMBERS[asked]])
    np.testing.assert_array_equal(part.targets, asked)
    np.testing.assert_array_equal(rows.take(slice(5, 9)).inputs, IMAGES[NUMBERS[5:9]])
    for position in (0, 49):
        np.testing.assert_array_equal(rows.take(asked[[position]]).inputs[0], part.inputs[position])


def test_a_file_that_changed_is_never_used(tmp_path: Path) -> None:
    """Also if it is a valid image with the same size and time."""
    rows = rows_of(tmp_path)
    name = f"{NUMBERS[7]}.png"
    write_folder(tmp_path, {name: png(255 - IMAGES[NUMBERS[7]])})
    rows.take(np.array([6, 8]))
    with pytest.raises(DataError, match=f"{name}: changed while it was in use"):
        rows.take(np.array([6, 7, 8]))
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match="No such file"):
        rows.take(slice(None))


def test_unreadable_files_are_counted_and_the_first_are_listed(tmp_path: Path) -> None:
    rows = rows_of(tmp_path)
    for number in range(N):
        (tmp_path / f"{number}.png").unlink()
    with pytest.raises(DataError) as raised:
        rows.take(slice(None))
    lines = str(raised.value).splitlines()
    assert len(lines) <= 20
    assert f"{NUMBERS[0]}.png" in lines[1]
    assert lines[-1].strip() == "… and 70 more."


def test_the_digest_depends_on_bytes_order_and_form_alone(tmp_path: Path) -> None:
    def digest(rows: ImageRows) -> str:
        state = sha256()
        rows.update_digest(state)
        return state.hexdigest()

    rows = rows_of(tmp_path / "a")
    first = digest(rows)
    assert digest(rows_of(tmp_path / "b")) == first
    files = rows.files
    forms = [
        (Form((2, 2), color="grey"), (2, 2)),
        (Form((2, 3), color="grey"), (2, 3)),
        (Form((2, 2), "pad", "grey"), (2, 2)),
        (Form(color="rgb"), (3, 4, 3)),
    ]
    others = [
        ImageRows(files, NUMBERS[::-1], rows.targets),
        ImageRows(files, NUMBERS, rows.targets[::-1]),
        *(ImageRows(replace(files, form=form, shape=shape), NUMBERS, rows.targets) for form, shape in forms),
    ]
    assert len({first, *map(digest, others)}) == 7

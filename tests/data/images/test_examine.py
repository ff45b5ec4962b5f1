"""What image files contain, and their pixels."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np

from dnnctl.data.images.decode import Form
from dnnctl.data.images.examine import examine
from image_files import draw_pixels, png, write_folder

GREY, COLOR = draw_pixels(1, 3, 4)[0], draw_pixels(1, 3, 4, 3)[0]


def test_each_file_has_its_entry_and_a_bad_one_has_zeros(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a": GREY, "b": b"text", "c": GREY + 1})
    found = examine([str(tmp_path / name) for name in "abc"], Form())
    expected = [sha256(data).digest() for data in (png(GREY), b"text", png(GREY + 1))]
    assert [row.tobytes() for row in found.sha256] == expected
    assert found.sizes.tolist() == [[3, 4], [0, 0], [3, 4]]
    assert found.is_grey.tolist() == [True, False, True]
    assert [bool(problem) for problem in found.problems] == [False, True, False]
    assert found.pixels is not None
    np.testing.assert_array_equal(found.pixels, [GREY, np.zeros_like(GREY), GREY + 1])


def test_pixels_of_different_shapes_are_not_kept(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a": GREY, "b": COLOR, "c": GREY})
    assert examine([str(tmp_path / name) for name in "abc"], Form()).pixels is None
    assert examine([str(tmp_path / name) for name in "ac"], Form()).pixels is not None
    assert examine([str(tmp_path / "d")], Form()).pixels is None

"""The size to which images are scaled, and tables that name images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dnnctl.data.guess.endings import guess_source
from dnnctl.data.guess.images import common_size
from dnnctl.errors import DataError
from image_files import draw_pixels, write_folder


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(28, 28)] * 3, "none"),
        ([(256, 200)] * 3, "none"),
        ([(1024, 512)] * 3, [128, 64]),
        ([(40, 60), (50, 45), (70, 90)], [40, 40]),
        ([(600, 800), (800, 600)], [128, 128]),
        ([(3, 3), (2, 5)], [8, 8]),
    ],
)
def test_images_are_scaled_if_they_are_large_or_differ(sizes: list[tuple[int, int]], expected: object) -> None:
    size, finding = common_size(np.array(sizes, np.int32))
    assert (size, bool(finding)) == (expected, expected != "none")


def test_grey_images_stay_grey(tmp_path: Path) -> None:
    write_folder(tmp_path / "grey", {f"{label}/0.png": draw_pixels(1, 9, 9)[0] for label in "ab"})
    (color,) = (entry.value for entry in guess_source(tmp_path / "grey").entries if entry.key == "color")
    assert color == "grey"


def test_a_table_of_paths_is_a_set_of_images(tmp_path: Path) -> None:
    names = [f"photos/{number}.png" for number in range(6)]
    write_folder(tmp_path, {name: draw_pixels(1, 9, 9, 3, seed=n)[0] for n, name in enumerate(names)})
    lines = [f"{name},{'ab'[n % 2]},{['train', 'train', 'val'][n // 2]}" for n, name in enumerate(names)]
    (tmp_path / "all.csv").write_text("\n".join(["file,animal,Split", *lines]))
    found = guess_source(tmp_path / "all.csv")
    entries = {entry.key: entry.value for entry in found.entries}
    assert (found.kind, found.has_validation) == ("images", True)
    assert (entries["image"], entries["label"], entries["split"]) == ("file", "animal", "Split")


def test_a_folder_in_which_nothing_can_be_read_is_an_error(tmp_path: Path) -> None:
    write_folder(tmp_path / "broken", {"a/0.png": b"no", "b/0.png": b"no"})
    with pytest.raises(DataError, match=r"no image can be read\. The first: a/0\.png"):
        guess_source(tmp_path / "broken")


def test_a_folder_has_no_target(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(DataError, match="Remove --target"):
        guess_source(tmp_path / "photos", "x")

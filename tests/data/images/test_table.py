"""Images named in a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dnnctl.data.images.listing import ImageFile
from dnnctl.data.images.table import list_table
from dnnctl.errors import DataError
from dnnctl.specs.images import Images


def table(folder: Path, text: str | bytes, name: str = "labels.csv", **keys: Any) -> Images:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return Images(kind="images", path=str(folder / name), **keys)


def test_each_row_is_an_image_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = '\ufefflabel,size,image\n01,3,b.png\n"a, ""b""",4,"sub/a.png"\n'
    listing = list_table(table(tmp_path, text))
    assert listing.root == tmp_path
    assert listing.files == [ImageFile("b.png", "train", "01"), ImageFile("sub/a.png", "train", 'a, "b"')]


def test_columns_and_splits_are_named_by_the_source(tmp_path: Path) -> None:
    text = "file\tbreed\tpart\n1.png\tpug\ttest\n2.png\tpug\tTrain\n3.png\tlab\tval\n4.png\tlab\ttrain\n"
    listing = list_table(table(tmp_path, text, "labels.tsv", image="file", label="breed", split="part"))
    assert [(file.path, file.split) for file in listing.files] == [
        ("2.png", "train"),
        ("4.png", "train"),
        ("3.png", "validation"),
        ("1.png", "test"),
    ]


@pytest.mark.parametrize(
    ("text", "keys", "message"),
    [
        ("file,label\n1.png,a\n", {}, "no column 'image'. Set `data.source.image`. .*Allowed: file, label"),
        ("image,lable\n1.png,a\n", {}, "no column 'label'.*Did you mean `lable`"),
        ("image,label\n1.png,a\n2.png\n", {}, "Row #3: Expected 2 columns, got 1"),
        ("image,label\n1.png,a\n,b\n", {}, "'image' is empty in 1 row; the first is row 2"),
        ("image,label,label\n1.png,a,b\n", {}, "several columns named 'label'"),
        ("image,label,split\n1.png,a,training set\n", {"split": "split"}, "row 1 after the header has the split"),
        ("image,label,split\n1.png,a,test\n", {"split": "split"}, "no training image"),
        ("image,label\n", {}, "no training image"),
        ("", {}, "not a readable CSV file"),
        (b"image,label\n1.png,caf\xe9\n", {}, "not a readable CSV file.*UTF8"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", {}, "no column|not a readable"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    tmp_path: Path, text: str | bytes, keys: dict[str, str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        list_table(table(tmp_path, text, **keys))

"""`init --from` writes a complete spec from data; nothing is written about data that cannot be used."""

from __future__ import annotations

import csv as csv_file
import json
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from record_files import write_records

from dnnctl.commands.data import describe_data
from dnnctl.commands.starter import preset_for, write_starter
from dnnctl.data.guess.guess import Guess
from dnnctl.errors import UserError
from dnnctl.specs import load_spec, to_plain
from image_files import draw_pixels, png, write_folder

DRAW = np.random.default_rng(3)
N = 60


def csv(path: Path, delimiter: str = ",", names: tuple[str, ...] = ("a", "b", "c")) -> None:
    """Two columns of numbers, and a class."""
    rows = [names, *((f"{a:.3f}", f"{b:.3f}", "xy"[number % 2]) for number, (a, b) in enumerate(DRAW.random((N, 2))))]
    path.write_text("\n".join(delimiter.join(row) for row in rows) + "\n")


def arrow_table() -> pa.Table:
    return pa.table({"a": DRAW.random(N), "b": ["u", "v", "w"] * (N // 3), "c": DRAW.random(N) * 1e5})


def npz(path: Path, **arrays: object) -> None:
    np.savez(path, **arrays)


def jsonl(path: Path) -> None:
    lines = [{"id": number, "values": DRAW.random(3).tolist(), "label": number % 2} for number in range(N)]
    path.write_text("\n".join(map(json.dumps, lines)))


def tfrecord(path: Path) -> None:
    write_records(path, [{"image": png(image), "label": n % 2} for n, image in enumerate(draw_pixels(N, 9, 9))])


def photos(path: Path, *sizes: int, splits: tuple[str, ...] = ("",)) -> None:
    names = [f"{split}{label}/{number}.png" for split in splits for label in ("cat", "dog") for number in range(6)]
    write_folder(path, {name: draw_pixels(1, sizes[n % len(sizes)], 12, 3, seed=n)[0] for n, name in enumerate(names)})


DIGITS = {"x_train": draw_pixels(N, 9, 9), "y_train": np.arange(N) % 2}
TEST = {"x_test": draw_pixels(8, 9, 9, seed=1), "y_test": np.arange(8) % 2}
CASES: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "data.csv": (csv, "csv", "tabular"),
    "data.tsv": (lambda path: csv(path, "\t"), "csv", "tabular"),
    "data.txt": (lambda path: csv(path, ";"), "csv", "tabular"),
    "data.parquet": (lambda path: pyarrow.parquet.write_table(arrow_table(), path), "parquet", "regression"),
    "data.feather": (lambda path: pyarrow.feather.write_feather(arrow_table(), path), "arrow", "regression"),
    "images.npz": (lambda path: npz(path, **DIGITS, **TEST), "npz", "images"),
    "rows.npz": (lambda path: npz(path, X=DRAW.random((N, 4)), y=np.arange(N) % 3), "npz", "tabular"),
    "numbers.npz": (lambda path: npz(path, x=DRAW.random((N, 4, 2)), y=DRAW.random(N)), "npz", "regression"),
    "data.jsonl": (jsonl, "jsonl", "tabular"),
    "data.tfrecord": (tfrecord, "tfrecord", "images"),
    "photos": (lambda path: photos(path, 12), "images", "images"),
    "sizes": (lambda path: photos(path, 12, 20), "images", "images"),
    "splits": (lambda path: photos(path, 12, splits=("train/", "validation/", "test/")), "images", "images"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_complete_spec_that_fits_the_data_is_written(name: str, tmp_path: Path) -> None:
    """The spec has every section, its comments, and the data that it names can be loaded and split."""
    write, kind, preset = CASES[name]
    data, path = tmp_path / "data" / name, tmp_path / "specs" / "mine.yaml"
    data.parent.mkdir()
    path.parent.mkdir()
    write(data)
    starter = write_starter(path, data)
    spec = load_spec(path)
    assert (starter.preset, spec.data.source.kind, spec.name) == (preset, kind, "mine")
    assert set(to_plain(spec)) <= set(yaml.safe_load(path.read_text()))
    assert f"path: ../data/{name} " in path.read_text()
    assert name in path.read_text().splitlines()[2]
    description = describe_data(path)
    assert description.n_train > 0
    assert description.n_validation > 0
    assert (description.task == "numbers") == (preset == "regression")


def test_a_source_with_validation_needs_no_other(tmp_path: Path) -> None:
    photos(tmp_path / "splits", 12, splits=("train/", "val/", "test/"))
    write_starter(tmp_path / "a.yaml", tmp_path / "splits")
    assert load_spec(tmp_path / "a.yaml").data.validation == "none"
    found = describe_data(tmp_path / "a.yaml")
    assert (found.n_train, found.n_validation, found.n_test) == (12, 12, 12)


def test_the_target_can_be_given(tmp_path: Path) -> None:
    csv(tmp_path / "data.csv")
    starter = write_starter(tmp_path / "a.yaml", tmp_path / "data.csv", target="b")
    assert (load_spec(tmp_path / "a.yaml").data.source.target, starter.preset) == ("b", "regression")
    assert not any("target" in finding for finding in starter.findings)


def test_odd_names_are_read_back(tmp_path: Path) -> None:
    """Names that YAML would read as something else are quoted."""
    for number, name in enumerate(
        ("yes", "1e-3", "null", "a: b", "#x", "it's", "größe, m²", "~", "x\u00a0y", "1:30", "[a]")
    ):
        data, path = tmp_path / f"{number} {name.replace('/', '')}.csv", tmp_path / f"{number}.yaml"
        csv(data, "\t", ("a", "b", name))
        write_starter(path, data)
        source = load_spec(path).data.source
        assert (source.target, source.path) == (name, str(data))


def test_the_path_is_relative_to_the_real_folder_of_the_spec(tmp_path: Path) -> None:
    """`..` after a link leads elsewhere than its text says."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "er")
    csv(tmp_path / "data.csv")
    write_starter(tmp_path / "link" / "a.yaml", tmp_path / "data.csv")
    assert describe_data(tmp_path / "link" / "a.yaml").n_train > 0


def test_a_file_that_exists_is_unchanged(tmp_path: Path) -> None:
    csv(tmp_path / "data.csv")
    (tmp_path / "a.yaml").write_text("mine")
    with pytest.raises(UserError, match="already exists"):
        write_starter(tmp_path / "a.yaml", tmp_path / "data.csv")
    assert (tmp_path / "a.yaml").read_text() == "mine"


def test_nothing_is_written_about_data_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "data.csv").write_text("")
    for name in ("empty", "data.csv", "missing.csv"):
        with pytest.raises(UserError, match=name):
            write_starter(tmp_path / "a.yaml", tmp_path / name)
    assert not (tmp_path / "a.yaml").exists()


@pytest.mark.skipif(os.name != "posix", reason="names are bytes only there")
def test_a_path_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    data = tmp_path / os.fsdecode(b"\xff.csv")
    csv(data)
    with pytest.raises(UserError, match="not UTF-8 text"):
        write_starter(tmp_path / "a.yaml", data)
    assert not (tmp_path / "a.yaml").exists()


NAMES = st.sampled_from(
    ["a", "b", "target", "yes", "none", "all", "2.5", "a b", "ü", "x\ny", "", "#", "a: b", "[x]", '"', "~", "*a", "%d"]
)
FIELDS = st.sampled_from(["1", "2.5", "-3", "", "NA", "inf", "1e400", "a,b", 'q"q', "x\ny", "true", "2026-01-31"])
ROWS = st.integers(1, 3).flatmap(
    lambda n: st.tuples(
        st.lists(NAMES, min_size=n, max_size=n), st.lists(st.lists(FIELDS, min_size=n, max_size=n), max_size=8)
    )
)


@given(ROWS, st.sampled_from(",;\t"))
def test_any_table_is_described_or_refused(table: tuple[list[str], list[list[str]]], delimiter: str) -> None:
    """Odd names, holes, quotes, line breaks in fields, mixed types: a spec that can be read, or a message."""
    with TemporaryDirectory() as folder:
        data, path = Path(folder) / "data.csv", Path(folder) / "a.yaml"
        with data.open("w", newline="", encoding="utf-8") as stream:
            csv_file.writer(stream, delimiter=delimiter).writerows([table[0], *table[1] * 5])
        refusal = refusal_of(lambda: write_starter(path, data))
        assert path.exists() == (not refusal)
        if not refusal:
            assert load_spec(path).data.source.target in table[0]
            refusal = refusal_of(lambda: describe_data(path))
        assert len(refusal.splitlines()) <= 20


def refusal_of(action: Callable[[], object]) -> str:
    """The message of an expected failure; empty if there is none. Anything else is raised."""
    try:
        action()
    except UserError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("shape", "is_image"),
    [((8, 8), True), ((7, 8), False), ((8, 7), False), ((8, 8, 4), True), ((8, 8, 5), False), ((64,), False)],
)
def test_arrays_are_images_if_they_have_a_height_a_width_and_few_channels(
    shape: tuple[int, ...], is_image: bool
) -> None:
    assert preset_for(Guess((), "npz", "classes", shape)) == ("images" if is_image else "tabular")

"""predict: the answers for files are those that the run recorded, as named columns; wrong inputs are refused."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import dnnctl
from dnnctl.commands.predict import open_prediction
from dnnctl.commands.runs import Run
from dnnctl.commands.train import train
from dnnctl.errors import UserError
from image_files import draw_pixels, write_folder
from sample_specs import small_spec, write_spec
from sample_tables import NAMES, TEST, draw_columns, held_out, write_table

DROPOUT = {"layers": ["flatten", {"kind": "dense", "units": 8, "dropout": {"kind": "dropout", "rate": 0.5}}]}
COLOURS = ("=red", "blue", "green")
SHORT = {"batch_size": 16, "epochs": 2}


def recorded(run: Run) -> Any:
    """(N, K) what training recorded on the test split: the oracle."""
    with np.load(run.folder.predictions) as file:
        return file["test_predictions"]


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """A run on a table with two labels, and the file of its test split."""
    folder = tmp_path_factory.mktemp("labels")
    data = {"source": write_table(folder, labels=True), "validation": {"size": 24}}
    model = {"layers": DROPOUT["layers"][1:]}
    return train(write_spec(folder, data=data, model=model, training=SHORT), runs_dir=folder / "runs"), folder / TEST


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """A run on the same table with a number to predict."""
    folder = tmp_path_factory.mktemp("numbers")
    data = {"source": write_table(folder), "validation": {"size": 24}}
    model = {"layers": [{"kind": "dense", "units": 8}]}
    return train(write_spec(folder, data=data, model=model, training=SHORT), runs_dir=folder / "runs"), folder / TEST


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """A run on images that are resized, with names of classes that are formulas, and the folder of its test split."""
    folder = tmp_path_factory.mktemp("images")
    pixels = draw_pixels(60, 9, 7)
    files = {f"{'train' if n < 45 else 'test'}/{COLOURS[n % 3]}/{n:02}.png": image for n, image in enumerate(pixels)}
    write_folder(folder / "data", files)
    source = {"kind": "images", "path": str(folder / "data"), "size": [6, 6], "resize": "crop"}
    data = {"source": source, "validation": {"size": 12}, "scaling": "unit"}
    return train(write_spec(folder, data=data, training=SHORT), runs_dir=folder / "runs"), folder / "data" / "test"


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """A run on uint8 arrays with dropout, and its data file."""
    folder = tmp_path_factory.mktemp("arrays")
    run = train(write_spec(folder, model=DROPOUT, training=SHORT), runs_dir=folder / "runs")
    return run, Path(small_spec(folder)["data"]["source"]["path"])


@pytest.fixture(scope="module")
def floats(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on arrays of floats from 0 to 1."""
    folder = tmp_path_factory.mktemp("floats")
    draw = np.random.default_rng(3)
    for split in ("train", "test"):
        np.save(folder / f"{split}.npy", draw.random((60, 4), np.float32))
        np.save(folder / f"{split}_y.npy", np.arange(60) % 2)
    places = {f"{split}_{role}": str(folder / f"{split}{end}.npy") for split in ("train", "test") for role, end in
              (("inputs", ""), ("targets", "_y"))}  # fmt: skip
    data = {"source": {"kind": "npy", **places}, "validation": {"size": 12}}
    return train(write_spec(folder, data=data, training=SHORT), runs_dir=folder / "runs")


def test_labels_are_0_or_1_for_each_name(labels: tuple[Run, Path]) -> None:
    """The probabilities are those that the run recorded, bit by bit."""
    run, file = labels
    found = dnnctl.predict(run, file, keep=["dear"])
    assert list(found) == [
        "row", "dear", "prediction_dear", "prediction_very dear", "p_dear", "p_very dear",
    ]  # fmt: skip
    expected = recorded(run)
    np.testing.assert_array_equal(np.stack([found["p_dear"], found["p_very dear"]], axis=1), expected)
    np.testing.assert_array_equal(found["prediction_very dear"], expected[:, 1] > 0.5)
    np.testing.assert_array_equal(found["row"], np.arange(1, len(expected) + 1))
    assert found["dear"].tolist() == list(pd.read_csv(file, dtype=str)["dear"])


def test_every_format_of_a_table_gives_the_same_numbers(numbers: tuple[Run, Path], tmp_path: Path) -> None:
    """Without the target, in another order, compressed or typed, as JSON lines or in memory."""
    run, file = numbers
    frame = pd.read_csv(
        file, dtype={NAMES["zip"]: str}, keep_default_na=False, na_values={NAMES["size"]: "", NAMES["new"]: ""}
    )
    frame = frame.drop(columns="price")[list(reversed(held_out()))]
    frame.to_csv(tmp_path / "a.tsv.gz", sep="\t", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_feather(tmp_path / "a.feather")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    for name in ("a.tsv.gz", "a.parquet", "a.feather", "a.jsonl"):
        found = dnnctl.predict(run.path, tmp_path / name)
        np.testing.assert_array_equal(found["prediction"], recorded(run)[:, 0], err_msg=name)
    np.testing.assert_array_equal(dnnctl.predict(run, held_out())["prediction"], recorded(run)[:, 0])


def test_images_are_decoded_as_in_training(images: tuple[Run, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a pattern and single files; the order is that of the paths."""
    run, folder = images
    expected = recorded(run)
    assert expected.std(axis=0).min() > 1e-3, "the network does not look at the pixels"
    monkeypatch.chdir(folder.parent)
    files = sorted(map(str, Path("test").glob("*/*.png")))
    for inputs in ("test", "test/*/*.png", files):
        found = dnnctl.predict(run, inputs)
        assert found["path"].tolist() == files
        of_class = np.stack([found[f"p_{name}"] for name in sorted(COLOURS)], axis=1)
        np.testing.assert_array_equal(of_class, expected)
        assert found["prediction"].tolist() == [sorted(COLOURS)[each] for each in expected.argmax(axis=1)]


def test_arrays_in_a_file_are_those_of_the_test_split(arrays: tuple[Run, Path], tmp_path: Path) -> None:
    """By name in the file that the run was trained on, alone in others, and as JSON lines."""
    run, file = arrays
    with np.load(file) as data:
        inputs = data["x_test"]
    np.save(tmp_path / "x.npy", inputs)
    np.savez(tmp_path / "x.npz", anything=inputs)
    lines = [json.dumps({"inputs": rows, "id": n}) for n, rows in enumerate(inputs.tolist())]
    (tmp_path / "x.jsonl").write_text("\n\n".join(lines))
    for path in (file, tmp_path / "x.npy", tmp_path / "x.npz", tmp_path / "x.jsonl"):
        found = dnnctl.predict(run, path)
        np.testing.assert_array_equal(np.stack([found[f"p_{n}"] for n in range(3)], axis=1), recorded(run))
    assert dnnctl.predict(run, tmp_path / "x.jsonl", keep=["id"])["id"].tolist() == list(range(len(inputs)))


def test_explained_predictions_have_three_columns_in_order_of_their_effect(
    numbers: tuple[Run, Path], labels: tuple[Run, Path], arrays: tuple[Run, Path]
) -> None:
    """For each label; the other columns do not change. Arrays have no columns to name."""
    plain, found = dnnctl.predict(*numbers), dnnctl.predict(*numbers, explain=True)
    for name, values in plain.items():
        np.testing.assert_array_equal(found[name], values)
    effects = np.abs([found[f"effect_{place}"] for place in (1, 2, 3)])
    assert (np.diff(effects, axis=0) <= 0).all()
    assert effects[0].min() > 0
    features = np.array([found[f"feature_{place}"] for place in (1, 2, 3)])
    assert set(features.flat) <= set(NAMES.values())
    assert all(len(set(row)) == 3 for row in features.T)
    prediction = open_prediction(labels[0], [str(labels[1])], explain=True)
    assert "effect_3_very dear" in next(prediction.batches())
    assert "gradient × input: about how much the value moves the log-odds of the label" in prediction.notes()[-1]
    with pytest.raises(UserError, match="--explain names columns of a table, but"):
        dnnctl.predict(arrays[0], np.zeros((1, 6, 6), np.uint8), explain=True)


def test_two_classes_have_two_probabilities(floats: Run) -> None:
    p = recorded(floats)[:, 0]
    found = dnnctl.predict(floats, floats.facts.spec["data"]["source"]["test_inputs"])
    np.testing.assert_array_equal(found["p_1"], p)
    np.testing.assert_allclose(found["p_0"], 1 - p, rtol=1e-6)
    assert found["prediction"].tolist() == ["1" if each > 0.5 else "0" for each in p]


def test_mc_dropout_over_batches_is_that_of_the_whole(
    arrays: tuple[Run, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deviation is that of the predicted class."""
    run, file = arrays
    with np.load(file) as data:
        inputs = np.tile(data["x_test"], (40, 1, 1))
    whole = dnnctl.predict(run, inputs, mc_samples=4)
    assert {"deviation", "entropy"} < whole.keys()
    np.save(file.parent / "many.npy", inputs)
    monkeypatch.setattr("dnnctl.data.inputs.arrays.BATCH_BYTES", 1)
    parts = dnnctl.predict(run, file.parent / "many.npy", mc_samples=4)
    for name, values in whole.items():
        np.testing.assert_array_equal(parts[name], values, err_msg=name)


def test_rows_unlike_those_of_training_are_counted(numbers: tuple[Run, Path], tmp_path: Path) -> None:
    """Numbers outside the range of the training split, categories that it lacks, values that it never lacks."""
    run, _ = numbers
    frame = pd.DataFrame(draw_columns(6))
    frame[NAMES["new"]] = [True, False, None, True, True, True]
    frame[NAMES["sold"]] = ["1990-01-01", "1990-01-02", "", "1990-01-02", "1990-01-02", "1990-01-02"]
    frame[NAMES["size"]] = [90_000, 1e9, -1e9, 90_000, None, 90_000]
    frame[NAMES["colour"]] = ["red", "pink", "", "red", "black", "red"]
    frame[NAMES["zip"]], frame[NAMES["owner"]] = [*["00001"] * 5, ""], "owner 1"
    frame.assign(more=1).to_csv(tmp_path / "new.csv", index=False)
    prediction = open_prediction(run, [str(tmp_path / "new.csv")])
    assert sum(len(batch["prediction"]) for batch in prediction.batches()) == 6
    notes = "\n".join(prediction.notes())
    assert "ignored columns: 'more'" in notes
    assert f"'{NAMES['size']}' in 2 of 6 rows" in notes
    assert f"categories that no training example has: '{NAMES['colour']}' in 2 of 6 rows" in notes
    assert f"no missing values in training: '{NAMES['sold']}' in 1, '{NAMES['zip']}' in 1 of 6 rows" in notes


@pytest.fixture
def without_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading a network is an error: what is wrong with an input is found before."""

    def load(*_: Any, **__: Any) -> None:
        raise AssertionError("the network is loaded")

    monkeypatch.setattr("dnnctl.commands.predict.load_predictor", load)


def table_text(**changes: Any) -> str:
    """A CSV file of one row that fits, with changes; None drops a column."""
    row = {"size": "90000", "new": "true", "sold": "1990-01-01", "colour": "red", "zip": "00001", "owner": "owner 1"}
    named = {NAMES.get(key, key): value for key, value in (row | changes).items() if value is not None}
    stream = io.StringIO()
    csv.writer(stream).writerows([named, named.values()])
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", table_text(size=None), r"lacks columns: 'size \(m²\)'"),
        (
            "a.csv",
            table_text(size=None, colour=None, **{"Size (m2)": 3}),
            r"Did you mean 'Size \(m2\)' for 'size .*'\?",
        ),
        ("a.csv", table_text(size=None, zips="3"), r"Its other columns: 'zips'"),
        ("a.csv", "1,2,3\n4,5,6\n", "first line must be the names of the columns, but has only numbers"),
        ("a.csv", table_text() + table_text(size="big").split("\n", 1)[1], r"is a number, but 'big' in row 2 is not"),
        ("a.csv", table_text(new="maybe"), "is a boolean, but 'maybe' in row 1"),
        ("a.csv", table_text(sold="yesterday"), "is a date, but 'yesterday' in row 1"),
        ("a.csv", table_text(size="inf"), "infinite value in row 1"),
        ("a.csv", table_text() + "1,2\n", "line 3 has 2 fields, but the header has 6"),
        ("a.csv", table_text() + '"1,2\n', "quotes"),
        ("a.csv", table_text().split("\n", 1)[0] + "\n", "has a header, but no rows"),
        ("a.csv", "", "is empty"),
        ("a.csv", b"\x89PNG\r\n", "a PNG image"),
        ("a.csv", table_text().encode() + b"\xff\n", "not UTF-8"),
        ("a.parquet", b"PAR1 no", "damaged"),
        ("a.jsonl", '{"x": 1}', "lacks columns"),
        ("a.jsonl", "[1, 2]", "not a JSON object"),
        ("a.jsonl", "", "is empty"),
        ("a.npy", b"\x93NUMPY", "is an array, but .* takes the columns of a table"),
        ("a.png", b"\x89PNG\r\n", "is an image, but .* takes the columns of a table"),
        ("a.jsonl", json.dumps({NAMES[key]: [1] for key in NAMES}), "is a list, but must be text"),
        ("a.npz", b"PK", "is an array, but .* takes the columns of a table"),
        ("a.xlsx", b"PK", r"files that end in \.xlsx cannot be read. Allowed: \.csv"),
        ("nix.csv", None, "No such file or folder"),
        ("*.csv", None, "No file matches"),
    ],
)
@pytest.mark.usefixtures("without_networks")
def test_wrong_tables_are_refused_by_name(
    name: str, content: str | bytes | None, message: str, numbers: tuple[Run, Path], tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=message) as caught:
        dnnctl.predict(numbers[0], tmp_path / name)
    assert len(str(caught.value).splitlines()) <= 20


def test_faults_in_later_blocks_have_the_row_of_the_file(
    numbers: tuple[Run, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compressed and in small blocks, too; a quoted line break is no fault."""
    monkeypatch.setattr("dnnctl.data.tables.csv_file.STREAM_BLOCK", 1 << 14)
    header, row = table_text().splitlines()
    rows = [row.replace("owner 1", f'"owner\n{n}"') for n in range(2000)]
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write("\n".join([header, *rows]))
    assert len(dnnctl.predict(numbers[0], tmp_path / "a.csv.gz")["prediction"]) == 2000
    (tmp_path / "a.csv").write_text("\n".join([header, *rows, row.replace("90000", "big")]))
    with pytest.raises(UserError, match="'big' in row 2001"):
        dnnctl.predict(numbers[0], tmp_path / "a.csv")


def write_wrong_inputs(folder: Path) -> None:
    """Files that fit none of the runs on arrays and images."""
    pixels = draw_pixels(3, 6, 6)
    wrong = {
        "flat": np.zeros((3, 5)),
        "flattened": pixels.reshape(3, 36),
        "channel": pixels[..., None],
        "color": np.repeat(pixels[..., None], 3, axis=-1),
        "one": pixels[0],
        "scalar": np.array(1.0),
        "unit": pixels / 255,
        "signed": pixels / 127.5 - 1,
        "wide": pixels * 2.0,
        "complex": pixels * 1j,
        "pixels": np.full((3, 4), 200, np.uint8),
        "nan": np.full((3, 4), np.nan),
        "infinite": np.full((3, 4), np.inf),
        "none": np.zeros((0, 4)),
        "text": np.full((3, 4), "a"),
        "dates": np.full((3, 4), "2026-01-01", "datetime64[D]"),
    }
    for name, array in wrong.items():
        np.save(folder / f"{name}.npy", array)
    np.save(folder / "object.npy", np.array([{}], object), allow_pickle=True)
    np.savez(folder / "two.npz", a=pixels, b=1)
    (folder / "cut.npy").write_bytes((folder / "unit.npy").read_bytes()[:-9])
    (folder / "empty.npy").touch()
    (folder / "a.jsonl").write_text('{"inputs": [1, 2]}\n{"inputs": [[1], [2, 3]]}')
    (folder / "words.jsonl").write_text('{"inputs": ["a", "b"]}')
    (folder / "key.jsonl").write_text('{"input": [1, 2, 3, 4]}')
    (folder / "a.csv").write_text("a,b\n1,2\n")
    write_folder(folder / "photos", {"a/1.png": b"no image", "2.png": draw_pixels(1, 5, 5)[0], "b/0.png": b""})
    (folder / "folder").mkdir()


@pytest.mark.usefixtures("without_networks")
@pytest.mark.parametrize(
    ("trained_on", "name", "message"),
    [
        ("arrays", "flat.npy", "must have the shape 6 × 6. Received: 5"),
        ("arrays", "flattened.npy", r"Received: 36\. .*inputs\.reshape\(-1, 6, 6\)"),
        ("arrays", "channel.npy", r"Received: 6 × 6 × 1\. .*inputs\[\.\.\., 0\]"),
        ("arrays", "color.npy", r"Received: 6 × 6 × 3\. .*are in color"),
        ("arrays", "one.npy", r"This is one example.*inputs\[None\]"),
        ("arrays", "scalar.npy", "must have the shape 6 × 6"),
        ("arrays", "unit.npy", r"uint8 pixels from 0 to 255, which the model scales itself.*\* 255"),
        ("arrays", "signed.npy", r"uint8 pixels from 0 to 255\. Received: float64 from -1 to"),
        ("arrays", "wide.npy", r"uint8 pixels from 0 to 255\. Received: float64 from \d+ to [345]"),
        ("arrays", "complex.npy", "must be numbers. Received: complex128"),
        ("arrays", "two.npz", "must contain an array 'x_test'"),
        ("arrays", "cut.npy", "must be a .npy or .npz file that contains numbers"),
        ("arrays", "empty.npy", "must be a .npy or .npz file that contains numbers"),
        ("arrays", "a.jsonl", r"a\.jsonl:1: the inputs have the shape 2\. It must be 6 × 6"),
        ("arrays", "words.jsonl", r"words\.jsonl:1: the inputs are not numbers"),
        ("arrays", "key.jsonl", r"key\.jsonl:1: no key 'inputs'\. Did you mean `input`"),
        ("arrays", "a.csv", "is a table, but .* takes arrays of 6 × 6"),
        ("arrays", "photos/2.png", "5 × 5, but .* was trained on 6 × 6. Resize"),
        ("floats", "pixels.npy", r"trained on numbers from .*uint8 from 200 to 200.*/ 255"),
        ("floats", "nan.npy", "infinite or NaN"),
        ("floats", "infinite.npy", "infinite or NaN"),
        ("floats", "none.npy", "has no rows"),
        ("floats", "text.npy", "must be numbers"),
        ("floats", "dates.npy", "must be numbers. Received: datetime64"),
        ("floats", "object.npy", "must be a .npy or .npz file that contains numbers"),
        ("floats", "photos", "is an image, but .* takes arrays of 4"),
        ("images", "photos/a", r"1\.png: not an image"),
        ("images", "photos/b", r"0\.png: empty file"),
        ("images", "folder", "has no images"),
    ],
)
def test_wrong_arrays_and_images_are_refused_by_name(
    trained_on: str, name: str, message: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    write_wrong_inputs(tmp_path)
    run = request.getfixturevalue(trained_on)
    with pytest.raises(UserError, match=message):
        dnnctl.predict(run if isinstance(run, Run) else run[0], tmp_path / name)


def test_what_fits_but_looks_wrong_is_noted(arrays: tuple[Run, Path], images: tuple[Run, Path], tmp_path: Path) -> None:
    """Pixels of 0 and 1; images in color for a network that takes grey values."""
    np.save(tmp_path / "black.npy", np.ones((3, 6, 6), np.uint8))
    write_folder(tmp_path, {"1.png": np.full((9, 7, 3), (0, 90, 255), np.uint8), "2.png": draw_pixels(1, 9, 7)[0]})
    for run, name, note in (
        (arrays[0], "black.npy", "all pixels are 0 or 1"),
        (images[0], "*.png", "1 of 2 images are in color"),
    ):
        prediction = open_prediction(run, [str(tmp_path / name)])
        assert len(list(prediction.batches())) == 1
        assert note in "".join(prediction.notes())


def test_columns_that_are_kept_do_not_replace_others(numbers: tuple[Run, Path], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "\n".join(f"{line},{end}" for line, end in zip(table_text().splitlines(), ("row", "7"), strict=True))
    )
    with pytest.raises(UserError, match="--keep row: the output has another column"):
        dnnctl.predict(numbers[0], tmp_path / "a.csv", keep=["row"])
    with pytest.raises(UserError, match=r"'id'.*--keep names them"):
        dnnctl.predict(numbers[0], tmp_path / "a.csv", keep=["id"])


def test_columns_in_memory_are_read_as_those_of_files(numbers: tuple[Run, Path]) -> None:
    """Dates as days, as objects, as text or as NumPy has them; booleans as words; None and NaN."""
    run, _ = numbers
    columns = held_out()
    sold, new, size = NAMES["sold"], NAMES["new"], NAMES["size"]
    days = columns[sold].astype(int).astype("datetime64[D]")
    words = [None if np.isnan(each) else "true" if each else "false" for each in columns[new]]
    for changes in (
        {},
        {sold: days, NAMES["zip"]: columns[NAMES["zip"]].astype(str)},
        {sold: days.astype(object), new: words, NAMES["colour"]: [text or None for text in columns[NAMES["colour"]]]},
        {sold: days.astype(str), size: columns[size][:, None], "other": np.zeros(len(days))},
        {size: [str(each) if each == each else None for each in columns[size]]},
    ):
        found = dnnctl.predict(run, columns | changes)
        np.testing.assert_array_equal(found["prediction"], recorded(run)[:, 0], err_msg=str(list(changes)))
    found = dnnctl.predict(run, pd.DataFrame(columns | {"id": range(len(days))}), keep=["id"])
    assert found["id"].tolist() == list(range(len(days)))


def test_every_kind_of_table_in_memory_gives_the_same_numbers(numbers: tuple[Run, Path]) -> None:
    """DataFrames of pandas with types of NumPy, of pandas and of Arrow; an Arrow table; anything with its C interface
    (as polars has); a list of dicts."""
    run, _ = numbers
    columns = held_out()
    columns[NAMES["sold"]] = pd.to_datetime(columns[NAMES["sold"]], unit="D")
    frame = pd.DataFrame(columns)
    frame[NAMES["new"]] = frame[NAMES["new"]].astype("boolean")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    stream = SimpleNamespace(__arrow_c_stream__=table.__arrow_c_stream__)
    others = frame.convert_dtypes(), frame.convert_dtypes(dtype_backend="pyarrow"), frame.to_dict("records")
    for given in (frame, table, type("Polars", (), vars(stream))(), *others):
        found = dnnctl.predict(run, given, keep=[NAMES["owner"]])
        np.testing.assert_array_equal(found["prediction"], recorded(run)[:, 0], err_msg=type(given).__name__)
        assert found[NAMES["owner"]].tolist() == columns[NAMES["owner"]].tolist()


def test_lists_of_numbers_are_an_array(floats: Run) -> None:
    rows = np.random.default_rng(1).random((5, 4)).round(2)
    for given in (rows.tolist(), pd.DataFrame(rows)):
        np.testing.assert_allclose(dnnctl.predict(floats, given)["p_1"], dnnctl.predict(floats, rows)["p_1"], rtol=1e-6)
    for wrong, message in (
        ([[1, 2], [3]], "lists of different lengths"),
        ([["a", "b", "c", "d"]], "must be numbers"),
        ({"a": [1]}, "must be an array"),
        (5, "must be an array"),
    ):
        with pytest.raises(UserError, match=message):
            dnnctl.predict(floats, wrong)


@pytest.mark.usefixtures("without_networks")
@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.zeros((3, 12), np.float32), "its inputs are columns .* not an array"),
        (
            {**held_out(), NAMES["size"]: ["big"] * 40},
            "the given table: column 'size .*' is a number, but 'big' in row 1",
        ),
        ({**held_out(), NAMES["size"]: [1.0]}, r"the same number of values, at least one: 'size \(m²\)' has 1"),
        ({}, "there are no columns"),
        ({"x": [1]}, "the given table lacks columns"),
        (pa.table({"x": [1]}).slice(1), "has columns, but no rows"),
        ([{"x": 1, "y": 2}, {"x": 1}], r"Row 2 .* lacks 'y'"),
        (5, "Give a dict of columns, a DataFrame, an Arrow table or a list of dicts. Received: int"),
        ([], "Received: list"),
        ([1.5], "Received: list"),
    ],
)
def test_wrong_values_in_memory_are_refused(inputs: Any, message: str, numbers: tuple[Run, Path]) -> None:
    with pytest.raises(UserError, match=message):
        dnnctl.predict(numbers[0], inputs)


def test_the_package_shows_what_it_exports() -> None:
    assert set(dnnctl.__all__) <= set(dir(dnnctl))

"""Tables as a whole: splits, roles, identity, and whatever a user's file may contain."""

from __future__ import annotations

import csv
import io
import os
import re
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnnctl.data.dataset import Dataset
from dnnctl.data.lazy import LazyInputs
from dnnctl.data.load import load_data
from dnnctl.data.tables import load as table_loader
from dnnctl.errors import MAX_REPORT_LINES, DataError
from dnnctl.specs.data import Data

N = 200
EXAMPLES = int(os.environ.get("DNNCTL_TABLES", "60"))
"""The number of random tables."""


def table() -> pd.DataFrame:
    draw = np.random.default_rng(8)
    return pd.DataFrame(
        {
            "x": np.round(draw.normal(size=N), 6),
            "colour": draw.choice(["red", "green", "blue", None], N),
            "w": draw.integers(0, 3, N),
            "person": [f"p{number}" for number in draw.integers(0, 25, N)],
            "day": pd.date_range("2020-01-01", periods=N).to_numpy()[draw.permutation(N)],
            "kind": draw.choice(["good", "bad"], N, p=[0.7, 0.3]),
        }
    )


def load(folder: Path, frame: pd.DataFrame | None = None, seed: int = 1, *, form: str = "csv", **keys: Any) -> Dataset:
    frame = table() if frame is None else frame
    write = {"csv": frame.to_csv, "parquet": frame.to_parquet, "arrow": frame.to_feather}[form]
    write(folder / f"a.{form}", **({} if form == "arrow" else {"index": False}))
    validation, in_memory = keys.pop("validation", "none"), keys.pop("in_memory", "auto")
    source = {"kind": form, "path": str(folder / f"a.{form}"), "target": "kind", **keys}
    data = {"source": source, "validation": validation, "classes": keys.pop("classes", "all")}
    data["in_memory"] = in_memory
    data["source"].pop("classes", None)
    return load_data(Data.model_validate(data), seed=seed)


def rows_of(dataset: Dataset) -> dict[str, list[float]]:
    """The feature x, which is different in each row, in each part."""
    parts = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    return {role: part.inputs[:, 0].round(3).tolist() for role, part in parts.items() if part is not None}


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_the_same_table_is_the_same_data_in_every_format(form: str, tmp_path: Path) -> None:
    keys = {"weight": "w", "group": "person", "test": {"size": 0.2}, "validation": {"size": 0.25}}
    one, other = load(tmp_path, **keys), load(tmp_path, form=form, **keys)
    assert other.digest == one.digest
    assert other.split_digest == one.split_digest
    assert other.encoding == one.encoding
    assert other.columns == one.columns
    assert np.array_equal(other.train.inputs, one.train.inputs)


def test_the_digest_is_that_of_the_columns_that_are_used(tmp_path: Path) -> None:
    frame = table()
    features = {"include": ["x", "colour"]}
    digest = load(tmp_path, frame, features=features).digest
    assert load(tmp_path, frame.assign(person="nobody"), features=features).digest == digest
    assert load(tmp_path, frame[frame.columns[::-1]], features=features).digest != digest
    for name, value in [("x", 0.5), ("colour", "red"), ("kind", "bad")]:
        changed = frame.copy()
        changed.loc[changed.index[changed[name] != value][0], name] = value
        assert load(tmp_path, changed, features=features).digest != digest
    assert load(tmp_path, frame.rename(columns={"x": "z"}), features={"include": ["z", "colour"]}).digest != digest


def test_the_test_split_is_the_same_for_every_seed(tmp_path: Path) -> None:
    keys: dict[str, Any] = {"test": {"size": 50}, "validation": {"size": 30}, "features": {"include": ["x", "colour"]}}
    first, second = load(tmp_path, seed=1, **keys), load(tmp_path, seed=2, **keys)
    assert first.test is not None
    assert [len(part) for part in (first.train, first.validation, first.test)] == [120, 30, 50]  # type: ignore[arg-type]
    assert second.test is not None
    assert np.array_equal(first.test.targets, second.test.targets)
    assert first.digest == second.digest
    assert first.split_digest != second.split_digest
    assert np.bincount(first.test.targets).tolist() == pytest.approx(
        (table()["kind"].value_counts()[["bad", "good"]] / 4).tolist(), abs=1
    )


def test_no_row_is_lost_or_in_two_splits(tmp_path: Path) -> None:
    frame = table()
    frame["x"] = np.arange(N) ** 1.5
    dataset = load(tmp_path, frame, test={"size": 0.2}, validation={"size": 0.2}, features={"include": ["x"]})
    assert dataset.encoding is not None
    how = dataset.encoding.columns[0]
    found = [value * how.deviation + how.mean for part in rows_of(dataset).values() for value in part]
    parts = [dataset.train, dataset.validation, dataset.test]
    found = sorted(part.inputs[row, 0] * how.deviation + how.mean for part in parts if part for row in range(len(part)))
    np.testing.assert_allclose(found, sorted(frame["x"]), atol=0.01)


def test_groups_are_never_divided_and_the_newest_rows_are_the_test(tmp_path: Path) -> None:
    frame = table()
    numbers = {name: number for number, name in enumerate(sorted(frame["person"].unique()))}
    frame["x"] = frame["person"].map(numbers)
    grouped = load(tmp_path, frame, group="person", test={"size": 0.2}, validation={"size": 0.2})
    people = [set(part) for part in rows_of(grouped).values()]
    assert len(set.union(*people)) == sum(map(len, people)) == len(numbers)
    frame["x"] = (frame["day"] - frame["day"].min()).dt.days
    dated = rows_of(load(tmp_path, frame, date="day", test={"size": 0.2}, validation={"size": 0.2}))
    assert max(dated["train"]) < min(dated["validation"])
    assert max(dated["validation"]) < min(dated["test"])


def test_weights_are_those_of_the_rows(tmp_path: Path) -> None:
    frame = table()
    frame["x"] = frame["w"]
    dataset = load(tmp_path, frame, weight="w", test={"size": 0.2}, validation={"size": 0.2})
    for part in (dataset.train, dataset.validation, dataset.test):
        assert part is not None
        assert part.weights is not None
        assert np.corrcoef(part.weights, part.inputs[:, 0])[0, 1] == pytest.approx(1)


def test_a_test_file_has_the_types_and_classes_of_the_training_file(tmp_path: Path) -> None:
    frame = table()[["x", "colour", "kind"]]
    part = pd.DataFrame({"kind": ["bad", "bad"], "colour": ["pink", "7"], "x": [1, 2], "more": ["-", "-"]})
    part.to_csv(tmp_path / "test.csv", index=False)
    test = {"path": str(tmp_path / "test.csv")}
    dataset = load(tmp_path, frame, test=test)
    assert dataset.test is not None
    assert dataset.test.targets.tolist() == [0, 0]
    assert dataset.test.inputs[:, 1:].tolist() == [[0, 0, 0, 0]] * 2, "unknown categories"
    many = pd.DataFrame({"kind": "bad", "colour": [f"shade {n}" for n in range(150)], "x": range(150)})
    many.to_csv(tmp_path / "test.csv", index=False)
    assert len(load(tmp_path, frame, test=test).test or []) == 150
    for changed, message in [
        ({"kind": "worse"}, "test.csv: the target 'kind' has classes that no training example has: 'worse'"),
        ({"x": "many"}, r"test.csv: column 'x' is a number, but 'many' in row 1"),
        ({"kind": ""}, r"test.csv: the target 'kind' has no value in 2 rows"),
    ]:
        part.assign(**changed).to_csv(tmp_path / "test.csv", index=False)
        with pytest.raises(DataError, match=message):
            load(tmp_path, frame, test=test)
    part.drop(columns="x").to_csv(tmp_path / "test.csv", index=False)
    with pytest.raises(DataError, match=r"test\.csv lacks columns of the training file: 'x'"):
        load(tmp_path, frame, test=test)


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "weight": ({"w": [-1, *[1] * (N - 1)]}, {"weight": "w"}, r"weight 'w' is negative or too large in 1 row \(1\)"),
    "no weight": ({"w": [0] * N}, {"weight": "w"}, "weight 'w' is 0 in every row"),
    "missing weight": ({"w": [None, *[1] * (N - 1)]}, {"weight": "w"}, r"weight 'w' has no value in 1 row \(1\)"),
    "weight of text": ({"w": ["heavy"] * N}, {"weight": "w"}, "'w' is a number, but 'heavy' in row 1"),
    "missing date": ({"x": [None, *range(1, N)]}, {"date": "x"}, r"date 'x' has no value in 1 row \(1\)"),
    "missing group": ({"person": ["", *["p"] * (N - 1)]}, {"group": "person"}, "group 'person' has no value in 1 row"),
    "date of text": ({}, {"date": "colour", "features": {"include": ["x"]}}, "column 'colour' is not dates"),
    "one group": ({"person": "p"}, {"group": "person", "test": {"size": 0.2}}, "data.source.test: no example is left"),
    "test size": ({}, {"test": {"size": N}}, "data.source.test.size: 200 of 200 .* leaves none to train on"),
    "nothing of use": ({}, {"features": {"include": ["x"], "exclude": ["x"]}}, "no column is left for the network"),
    "refused holes": ({}, {"missing": {"categories": "refuse"}}, "'colour' has no value in"),
    "class only in the test": (
        {"kind": ["rare", *["bad", "good"] * 99, "bad"]},
        {"test": {"size": 0.51}},
        "data.source.test: no training example has the class of these test examples: 'rare'",
    ),
}


@pytest.mark.parametrize(("changes", "keys", "message"), REFUSED.values(), ids=REFUSED)
def test_unsuitable_columns_are_refused(
    changes: dict[str, Any], keys: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        load(tmp_path, table().assign(**changes), **keys)


def test_columns_are_described_in_the_order_of_the_file(tmp_path: Path) -> None:
    frame = table().assign(number=range(N), empty=None, blob="excluded")
    frame["flag"] = frame["x"] > 0
    frame.loc[3, "x"] = None
    found = load(tmp_path, frame, weight="w", group="person", date="day", features={"exclude": ["blob"]})
    assert [(column.name, column.type, column.role) for column in found.columns] == [
        ("x", "number", "standardized, with an indicator"),
        ("colour", "category", "one-hot, 4"),
        ("w", "number", "weight"),
        ("person", "category", "group"),
        ("day", "date", "date"),
        ("kind", "category", "target: 2 classes"),
        ("number", "number", "excluded: row number"),
        ("empty", "number", "excluded: no values"),
        ("blob", "", "excluded"),
        ("flag", "boolean", "0 or 1"),
    ]
    x, colour, day = found.columns[0], found.columns[1], found.columns[4]
    assert (x.n_missing, x.n_distinct) == (1, frame["x"].nunique())
    assert (x.minimum, x.maximum) == (frame["x"].min(), frame["x"].max())
    assert (colour.n_missing, colour.n_distinct) == (frame["colour"].isna().sum(), 3)
    assert colour.example == frame["colour"].mode()[0]
    assert day.example == str(frame["day"][0].date())


def test_columns_are_described_in_the_training_rows(tmp_path: Path) -> None:
    """Neither in those of the test, which are the newest here, nor in those of validation."""
    frame = table().sort_values("day").assign(x=np.arange(N) / 2)[::-1]
    found = load(tmp_path, frame, date="day", test={"size": 50}, validation={"size": 30})
    (x,) = (column for column in found.columns if column.name == "x")
    assert (x.minimum, x.maximum, x.n_distinct) == (0, (N - 81) / 2, N - 80)


def test_classes_can_be_selected(tmp_path: Path) -> None:
    """The statistics are those of the rows that are left."""
    frame = table()
    frame["kind"] = ["a", "b", "c", "b"] * (N // 4)
    dataset = load(tmp_path, frame, classes=["c", "a"], features={"include": ["x"]})
    assert dataset.class_names == ("c", "a")
    assert len(dataset.train) == N // 2
    assert dataset.train.inputs.mean() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("role", ["group", "date"])
def test_groups_and_dates_stay_with_their_rows_when_classes_are_dropped(role: str, tmp_path: Path) -> None:
    frame = table()
    frame["kind"] = ["a", "b", "c", "b"] * (N // 4)
    name = {"group": "person", "date": "day"}[role]
    keys: dict[str, Any] = {role: name, "features": {"include": ["x"]}, "validation": {"size": 0.3, "allow": True}}
    dataset = load(tmp_path, frame, classes=["c", "a"], **keys)
    kept = frame[frame["kind"] != "b"].sort_values("x")  # standardizing keeps the order
    inputs = np.concatenate([dataset.train.inputs[:, 0], dataset.validation.inputs[:, 0]])
    is_train = (np.arange(len(inputs)) < len(dataset.train))[np.argsort(inputs)]
    train, validation = kept[name][is_train], kept[name][~is_train]
    assert set(train).isdisjoint(validation)
    assert role == "group" or train.max() < validation.min()


letters = st.characters(codec="utf-8", exclude_characters="\0")
names = st.text(letters, max_size=5)
headers = st.one_of(
    st.lists(st.text(letters, min_size=1, max_size=5).filter(str.strip), min_size=2, max_size=5, unique_by=str.strip),
    st.lists(st.text('ab, "\n', min_size=1, max_size=4).filter(str.strip), min_size=2, max_size=4, unique_by=str.strip),
    st.lists(st.one_of(st.sampled_from(["x", "y", "a.b", "none"]), names), min_size=1, max_size=5),
)
fields = st.one_of(
    st.sampled_from(["", "NA", "?", "0", "1", "true", "a", "inf", "1e400", "-0", "007", "2020-01-31", '"', ",", "\n"]),
    st.integers(-3, 3).map(str),
    st.floats(allow_nan=False).map(str),
    names,
)
columns = [
    fields,
    st.text(letters, min_size=1, max_size=3).filter(str.strip),
    st.sampled_from(["1", "2.5", ""]),
    st.sampled_from("ab"),
    st.sampled_from(["true", "False"]),
    st.integers(-3, 3).map(str),
    st.floats(-1e6, 1e6).map(str),
    st.integers(0, 10**6).map(lambda value: f"${value:,}"),
    st.dates().map(lambda day: f"{day.month}/{day.day}/{day.year:04}"),
    st.sampled_from(["1,5", "1.000", "$1", "€2", "3 %", "1/2/2024", "7.7.24", "13.1.2024", "2024-02-30", "Yes", "yes"]),
]


@st.composite
def tables(draw: Any) -> tuple[str, list[list[str]]]:
    """The text of a table, and its rows with the header."""
    header = draw(headers)
    kinds = [draw(st.sampled_from(columns)) for _ in header]
    rows = [header, *([draw(kind) for kind in kinds] for _ in range(draw(st.integers(0, 12))))]
    text = io.StringIO()
    quoting = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    csv.writer(text, quoting=quoting, lineterminator=draw(st.sampled_from(["\n", "\r\n"]))).writerows(rows)
    return text.getvalue(), rows


def load_any(path: Path, text: str, target: str, **keys: Any) -> Dataset | None:
    """The data; None if it is refused with a short message."""
    path.write_bytes(text.encode())
    source = {"kind": "csv", "path": str(path), "target": target, "delimiter": ","}
    data = Data.model_validate({"source": source, **keys})
    with suppress(DataError):
        return load_data(data, seed=1)
    with pytest.raises(DataError) as error:
        load_data(data, seed=1)
    assert len(str(error.value).splitlines()) <= MAX_REPORT_LINES
    return None


def test_any_small_table_is_loaded_or_refused(tmp_path: Path) -> None:
    """Each row is in the data once, with its own target; or a message says what is wrong with the table."""
    n_loaded = 0

    @settings(max_examples=EXAMPLES, derandomize=True)
    @given(tables(), st.data())
    def check(written: tuple[str, list[list[str]]], data: Any) -> None:
        nonlocal n_loaded
        text, (header, *rows) = written
        stripped = [name.strip() for name in header]
        target = data.draw(st.sampled_from([*stripped, "another"]))
        dataset = load_any(tmp_path / "any.csv", text, target)
        if dataset is None:
            return
        n_loaded += 1
        values = [row[stripped.index(target)].strip() for row in rows]
        assert len(dataset.train) == len(values)
        assert [column.name for column in dataset.columns] == stripped
        assert np.isfinite(dataset.train.inputs).all()
        streamed = load_any(tmp_path / "any.csv", text, target, in_memory=False)
        assert streamed is not None
        assert streamed.digest == dataset.digest
        assert streamed.train.inputs[:].tobytes() == dataset.train.inputs.tobytes()
        if dataset.task == "numbers":
            np.testing.assert_allclose(
                dataset.train.targets[:, 0], np.array([re.sub("[$,]", "", v) for v in values], np.float32)
            )
        elif dataset.columns[stripped.index(target)].type == "category":
            assert [dataset.class_names[label] for label in dataset.train.targets] == values

    check()
    assert n_loaded > EXAMPLES / 20


def test_a_test_file_is_read_as_the_training_file(tmp_path: Path) -> None:
    """The order of day and month is clear in the training file alone, and so is the unit."""
    frame = pd.DataFrame({"d": ["1/13/2024", "2/3/2024"] * 9, "p": ["$1,000", "$20"] * 9, "kind": ["a", "b"] * 9})
    test = frame.assign(d="4/5/2024", p="$7")
    test.to_csv(tmp_path / "t.csv", index=False)
    dataset = load(tmp_path, frame, test={"path": str(tmp_path / "t.csv")})
    assert dataset.encoding is not None
    assert [how.format for how in dataset.encoding.columns] == ["month_first", "$"]
    assert [column.note for column in dataset.columns][:2] == [
        "'1/13/2024' is read as 2024-01-13",
        "'$1,000' is read as 1000",
    ]
    assert dataset.test is not None
    expected = [(np.datetime64("2024-04-05").astype(int), 7.0)] * len(test)
    fitted = dataset.encoding.columns
    found = [[row[i] * fitted[i].deviation + fitted[i].mean for i in (0, 1)] for row in dataset.test.inputs.tolist()]
    assert found == [pytest.approx(each, rel=1e-5) for each in expected]
    test.assign(p="€7").to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match=r"'€7' in row 1 is not a number, such as 1.5, written as in training \(\$\)"):
        load(tmp_path, frame, test={"path": str(tmp_path / "t.csv")})


def test_dates_for_splits_are_refused_if_their_order_is_not_clear(tmp_path: Path) -> None:
    frame = pd.DataFrame({"d": ["1/12/2024", "2/3/2024"] * 10, "x": range(0, 40, 2), "kind": [*"aabb"] * 5})
    with pytest.raises(DataError, match=r"'d' has dates such as '1/12/2024'.*`types: \{d: date_day_first\}`"):
        load(tmp_path, frame, date="d", test={"size": 0.2})
    load(tmp_path, frame, date="d", test={"size": 0.2}, features={"types": {"d": "date_day_first"}})


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
def test_a_table_on_the_disk_is_the_same_as_in_memory(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bits, although the rows are encoded in blocks."""
    monkeypatch.setattr(table_loader, "BLOCK", 7)
    keys = {"weight": "w", "group": "person", "test": {"size": 0.2}, "validation": {"size": 0.25}}
    one, other = (load(tmp_path, form=form, in_memory=choice, **keys) for choice in (True, False))
    assert isinstance(other.train.inputs, LazyInputs)
    assert (other.digest, other.split_digest) == (one.digest, one.split_digest)
    assert (other.encoding, other.columns, other.class_names) == (one.encoding, one.columns, one.class_names)
    for role in ("train", "validation", "test"):
        ours, theirs = getattr(one, role), getattr(other, role)
        assert theirs.inputs[:].tobytes() == ours.inputs.tobytes()
        assert theirs.targets.tobytes() == ours.targets.tobytes()
        assert theirs.weights.tobytes() == ours.weights.tobytes()


def test_of_a_table_that_is_larger_than_the_memory_few_columns_are_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At no time: neither when it is read, nor when it is split and encoded."""
    monkeypatch.setattr(table_loader, "BLOCK", 500)
    n, n_columns = 20_000, 40
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{number}": draw.normal(size=n) for number in range(n_columns)})
    frame.assign(kind=draw.choice(["a", "b"], n)).to_parquet(tmp_path / "a.parquet")
    source = {"kind": "parquet", "path": str(tmp_path / "a.parquet"), "target": "kind", "test": {"size": 0.1}}
    data = Data.model_validate({"source": source})
    load_data(data, seed=1)
    tracemalloc.start()
    try:
        dataset = load_data(data, seed=1, memory=10**6)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(dataset.train.inputs, LazyInputs)
    assert peak < 10 * n * 8


def test_a_table_of_row_numbers_only_is_refused_with_what_to_write(tmp_path: Path) -> None:
    frame = table()[[]].assign(id=range(1, N + 1), y=[0, 1] * (N // 2))
    with pytest.raises(DataError, match=r"'id' \(row number\).*write `features: {include: \['id'\]}`"):
        load(tmp_path, frame, target="y")
    assert load(tmp_path, frame, target="y", features={"include": ["id"]}).columns[0].role == "standardized"

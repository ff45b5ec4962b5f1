"""Encoded rows, against pandas and plain arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dnnctl.data.dataset import Dataset
from dnnctl.data.load import load_data
from dnnctl.data.source import load_source
from dnnctl.errors import DataError
from dnnctl.specs.data import Data

N = 240


def houses() -> pd.DataFrame:
    """Numbers with holes and without, a boolean, dates, few and many categories; rows are in no order."""
    draw = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "rooms": draw.integers(1, 9, N),
            "age": np.round(draw.normal(40, 12, N), 2),
            "garden": draw.choice([True, False], N),
            "built": (pd.Timestamp("1990-01-01") + pd.to_timedelta(draw.integers(0, 9000, N), "D")).strftime(
                "%Y-%m-%d"
            ),
            "town": draw.choice(["Oslo", "Rome", "Ürümqi", ""], N),
            "street": [f"street {number}" for number in draw.integers(0, 60, N)],
            "price": np.round(draw.normal(300_000, 50_000, N), 2),
        }
    )
    frame.loc[draw.permutation(N)[:50], "age"] = np.nan
    return frame


def load(folder: Path, frame: pd.DataFrame, data: dict[str, Any] | None = None, **source: Any) -> Dataset:
    frame.to_csv(folder / "houses.csv", index=False)
    written = {"source": {"kind": "csv", "path": str(folder / "houses.csv"), "target": "price", **source}}
    return load_data(Data.model_validate({**written, **(data or {})}), seed=3)


def encode_with_pandas(train: pd.DataFrame, rows: pd.DataFrame, fill: str) -> np.ndarray:
    """The same encoding, with `get_dummies` and the statistics of `train`."""
    parts: list[Any] = []
    for name in ("rooms", "age", "built"):
        own, all_rows = train[name], rows[name]
        if name == "built":
            own, all_rows = ((pd.to_datetime(each) - pd.Timestamp(0)).dt.days.astype(float) for each in (own, all_rows))
        value = own.mode()[0] if fill == "most_frequent" else own.agg(fill)
        filled = own.fillna(value)
        parts.append((all_rows.fillna(value) - filled.mean()) / filled.std(ddof=0))
        if own.isna().any():
            parts.append(all_rows.isna().astype(float))
        if name == "age":
            parts.append(rows["garden"].astype(float))
    towns = sorted(train["town"].unique())
    dummies = pd.get_dummies(pd.Categorical(rows["town"].where(rows["town"].isin(towns), "?"), ["?", *towns]))
    streets = {street: slot for slot, street in enumerate(sorted(train["street"].unique()), start=1)}
    slots = rows["street"].map(streets).fillna(0)
    return np.column_stack([*parts, dummies.to_numpy(float)[:, 1:], slots]).astype(np.float32)


@pytest.mark.parametrize("fill", ["median", "mean", "most_frequent"])
def test_encoded_rows_are_those_of_pandas(fill: str, tmp_path: Path) -> None:
    """Statistics and categories are those of the training rows alone; a street that only validation has is unknown."""
    frame = houses()
    frame.loc[0, "age"] = 7777.0
    dataset = load(tmp_path, frame, {"validation": {"size": 0.25}}, missing={"numbers": fill})
    assert dataset.validation is not None
    kept = {part: frame[np.isin(frame["price"].to_numpy(np.float32), getattr(dataset, part).targets[:, 0])]
            for part in ("train", "validation")}  # fmt: skip
    assert [len(rows) for rows in kept.values()] == [180, 60]
    for part, rows in kept.items():
        wanted = encode_with_pandas(kept["train"], rows, fill)
        np.testing.assert_allclose(getattr(dataset, part).inputs, wanted, rtol=2e-6, atol=2e-6)
    assert (dataset.validation.inputs[:, -1] == 0).any()
    assert dataset.encoding is not None
    assert dataset.encoding.width == dataset.train.inputs.shape[1]
    assert [column.name for column in dataset.encoding.columns] == list(frame.columns[:-1])


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [("none", [2.0, 4.0, 6.0, 4.0]), ("unit", [0.0, 0.5, 1.0, 0.5]), ("standardize", [-(2**0.5), 0, 2**0.5, 0])],
)
def test_scaling_is_part_of_the_encoding(scaling: str, expected: list[float], tmp_path: Path) -> None:
    """A table of four rows with one hole, by hand: the median of 2, 4 and 6 fills it."""
    frame = pd.DataFrame({"x": [2, 4, 6, None], "price": [1.5, 2.5, 3.5, 4.5]})
    dataset = load(tmp_path, frame, {"scaling": scaling})
    np.testing.assert_allclose(dataset.train.inputs, np.column_stack([expected, [0, 0, 0, 1]]), rtol=1e-6)


def test_a_constant_fills_numbers_and_nothing_else(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [2, 4, 6, None], "ok": [True, True, False, None], "price": [1.5, 2.5, 3.5, 4.5]})
    dataset = load(tmp_path, frame, {"scaling": "none"}, missing={"numbers": {"kind": "constant", "value": -1}})
    assert dataset.train.inputs.tolist() == [[2, 0, 1, 0], [4, 0, 1, 0], [6, 0, 0, 0], [-1, 1, 1, 1]]


def test_the_one_hot_limit_decides_between_one_hot_and_embedding(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": ["c", "a", "b", "a"], "price": [1.5, 2.5, 3.5, 4.5]})
    one_hot, embedded = (load(tmp_path, frame, features={"one_hot_limit": limit}).train.inputs for limit in (3, 2))
    assert one_hot.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert embedded.tolist() == [[3], [1], [2], [1]]


def test_what_is_missing_only_in_the_validation_split_is_filled_without_an_indicator(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [9, 2, 4, 6], "t": ["a", "a", "b", "b"], "price": [1.5, 2.5, 3.5, 4.5]})
    raw = load_source(Data.model_validate({"source": source_of(tmp_path, frame.astype(object))}).source)
    assert raw.fit is not None
    frame.loc[0, ["x", "t"]] = None
    raw = load_source(Data.model_validate({"source": source_of(tmp_path, frame)}).source)
    assert raw.fit is not None
    fitted = raw.fit(np.arange(1, 4), "none")
    assert fitted.train.take(slice(None)).inputs.tolist() == [[4, 1, 0, 0], [2, 0, 1, 0], [4, 0, 0, 1], [6, 0, 0, 1]]


def source_of(folder: Path, frame: pd.DataFrame) -> dict[str, str]:
    frame.to_csv(folder / "houses.csv", index=False)
    return {"kind": "csv", "path": str(folder / "houses.csv"), "target": "price"}


def test_a_column_of_equal_values_is_encoded_as_zero(tmp_path: Path) -> None:
    """The deviation of 0.1, 0.1, 0.1 is not exactly 0 in floating point, and must not be divided by."""
    frame = pd.DataFrame({"x": [0.1] * 3, "price": np.arange(3) + 0.5})
    assert frame["x"].to_numpy().std() > 0
    assert not load(tmp_path, frame).train.inputs.any()


def test_timestamps_keep_their_differences(tmp_path: Path) -> None:
    """Seconds since 1970 have 31 bits, float32 only 24: the scaling is computed in float64."""
    seconds = 1.7e9 + np.arange(8) ** 2
    encoded = load(tmp_path, pd.DataFrame({"x": seconds, "price": np.arange(8) + 0.5})).train.inputs[:, 0]
    np.testing.assert_allclose(encoded, (seconds - seconds.mean()) / seconds.std(), rtol=1e-6)


@pytest.mark.parametrize("scaling", ["none", "standardize"])
def test_values_beyond_float32_are_refused(scaling: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"huge": [1e308, -1e308, 1e308], "price": [1.5, 2.5, 3.5]})
    with pytest.raises(DataError, match="Column 'huge' has values that are too large for float32"):
        load(tmp_path, frame, {"scaling": scaling})

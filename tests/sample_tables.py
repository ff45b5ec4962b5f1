"""Tables for tests, with holes and odd names, and an encoder that follows `dnnctl.store.encoding` value by value."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from dnnctl.store.encoding import ColumnEncoding, TableEncoding

NAMES = {
    "size": "size (m²)",
    "new": "is/new",
    "sold": "verkauft über",
    "colour": "model",
    "zip": "zip",
    "owner": "zip/",
}
"""Column names that are difficult for Keras: with slashes, or equal to the names of layers."""
N_ZIPS = 30
Columns = dict[str, Any]
TRAIN, TEST = "table.csv", "table_test.csv"
PRICE, LABELS = "price", ["dear", "very dear"]
"""The columns that can be targets."""


def _source(target: Any, *others: str) -> dict[str, Any]:
    features = {"types": {NAMES["zip"]: "category"}, "one_hot_limit": 10, "exclude": list(others)}
    return {"kind": "csv", "path": TRAIN, "target": target, "features": features, "test": {"path": TEST}}


TABLE, LABELLED_TABLE = _source(PRICE, *LABELS), _source(LABELS, PRICE)
"""The source of a table in the folder of its spec, with a price or with two labels as the target."""


def draw_columns(n: int, seed: int = 7) -> Columns:
    """(N,) raw columns: numbers, booleans and dates with NaN, and text with "" for missing values."""
    draw = np.random.default_rng(seed)
    size = draw.normal(100_000, 30_000, n).round(2)
    new = draw.integers(0, 2, n).astype(np.float64)
    sold = draw.integers(10_000, 20_000, n).astype(np.float64)
    for column in (size, new):
        column[draw.random(n) < 0.1] = np.nan
    colours = np.array(["red", "grün\nhell", "", "[UNK]"], object)[draw.integers(0, 4, n)]
    zips = np.array([f"{code:05}" for code in draw.integers(0, N_ZIPS, n)], object)
    owners = np.array([f"owner {code}" for code in draw.integers(0, N_ZIPS, n)], object)
    values = {"size": size, "new": new, "sold": sold, "colour": colours, "zip": zips, "owner": owners}
    return {NAMES[name]: column for name, column in values.items()}


def price(columns: Columns) -> Any:
    """(N, 1) a target in the hundreds of thousands."""
    size = np.nan_to_num(columns[NAMES["size"]], nan=50_000.0)
    by_zip = np.array([float(code) for code in columns[NAMES["zip"]]]) * 10_000
    return (200_000 + 2 * size + by_zip)[:, None].astype(np.float32)


def write_table(folder: Path, *, n: int = 160, labels: bool = False) -> dict[str, Any]:
    """Write the rows of training and of test, a quarter, and return the source with absolute paths."""
    columns = draw_columns(n)
    prices = price(columns)[:, 0]
    limits = zip(LABELS, (500_000, 600_000), strict=True)
    table = {**columns, PRICE: prices, **{name: (prices > limit).astype(int) for name, limit in limits}}
    n_train = n * 3 // 4
    for name, rows in ((TRAIN, range(n_train)), (TEST, range(n_train, n))):
        with (folder / name).open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(table)
            writer.writerows([_as_text(name, values[row]) for name, values in table.items()] for row in rows)
    source = LABELLED_TABLE if labels else TABLE
    return {**source, "path": str(folder / TRAIN), "test": {"path": str(folder / TEST)}}


def held_out(n: int = 160) -> Columns:
    """The raw columns of the rows for test."""
    return {name: values[n * 3 // 4 :] for name, values in draw_columns(n).items()}


def _as_text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if np.isnan(value):
        return ""
    if name == NAMES["new"]:
        return "true" if value else "false"
    if name == NAMES["sold"]:
        return (date(1970, 1, 1) + timedelta(days=int(value))).isoformat()
    return repr(value.item())


def fit_encoding(columns: Columns, rows: Any) -> TableEncoding:
    """The statistics of these rows."""
    return TableEncoding(tuple(_fit(name, values[rows]) for name, values in columns.items()))


def _fit(name: str, values: Any) -> ColumnEncoding:
    if values.dtype == object:
        categories = tuple(sorted(set(values)))
        return ColumnEncoding(name, "category", categories=categories, is_embedded=len(categories) > 10)
    fill = float(np.nanmedian(values))
    full = np.where(np.isnan(values), fill, values)
    kind = "boolean" if name == NAMES["new"] else "number"
    mean, deviation = (0.0, 1.0) if kind == "boolean" else (float(full.mean()), float(full.std()))
    return ColumnEncoding(name, kind, fill, mean, deviation, bool(np.isnan(values).any()))


def encode(encoding: TableEncoding, columns: Columns) -> Any:
    """(N, F) the encoded rows, value by value in Python."""
    n = len(next(iter(columns.values())))
    rows = [[each for how in encoding.columns for each in _encode(how, columns[how.name][row])] for row in range(n)]
    return np.array(rows, np.float64).astype(np.float32)


def _encode(how: ColumnEncoding, value: Any) -> list[float]:
    if how.kind == "category":
        slot = how.categories.index(value) + 1 if value in how.categories else 0
        return [float(slot)] if how.is_embedded else [float(slot == each) for each in range(1, how.n_slots)]
    is_missing = bool(np.isnan(value))
    encoded = ((how.fill if is_missing else float(value)) - how.mean) / how.deviation
    return [encoded, float(is_missing)] if how.has_indicator else [encoded]

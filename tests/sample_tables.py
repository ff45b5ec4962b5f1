"""Tables for tests, and an encoder that follows the contract of `dnnctl.store.encoding` value by value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dnnctl.data.dataset import Part, RawData
from dnnctl.data.sources import npz
from dnnctl.store.encoding import ColumnEncoding, TableEncoding

NAMES = {"size": "size (m²)", "new": "is/new", "sold": "", "colour": "model", "zip": "zip", "owner": "zip/"}
"""Column names that are difficult for Keras: with slashes, empty, or equal to the names of layers."""
N_ZIPS = 30
Columns = dict[str, Any]
_load_arrays = npz.load


def draw_columns(n: int, seed: int = 7) -> Columns:
    """(N,) raw columns: numbers, booleans and dates with NaN, and text with "" for missing values."""
    draw = np.random.default_rng(seed)
    size = draw.normal(100_000, 30_000, n).round(2)
    new = draw.integers(0, 2, n).astype(np.float64)
    sold = draw.integers(10_000, 20_000, n).astype(np.float64)
    for column in (size, new):
        column[draw.random(n) < 0.1] = np.nan
    colours = np.array(["red", "grün\n", "", "[UNK]"], object)[draw.integers(0, 4, n)]
    zips = np.array([f"{code:05}" for code in draw.integers(0, N_ZIPS, n)], object)
    owners = np.array([f"owner {code}" for code in draw.integers(0, N_ZIPS, n)], object)
    values = {"size": size, "new": new, "sold": sold, "colour": colours, "zip": zips, "owner": owners}
    return {NAMES[name]: column for name, column in values.items()}


def price(columns: Columns) -> Any:
    """(N, 1) a target in the hundreds of thousands."""
    size = np.nan_to_num(columns[NAMES["size"]], nan=50_000.0)
    by_zip = np.array([float(code) for code in columns[NAMES["zip"]]]) * 10_000
    return (200_000 + 2 * size + by_zip)[:, None].astype(np.float32)


def write_table(path: Path, *, n: int = 160, labels: bool = False) -> Path:
    """Write a table with a price, or with two labels that follow from it; a quarter of it is for test."""
    columns = draw_columns(n)
    targets = price(columns)
    if labels:
        targets = np.hstack([targets > 500_000, targets > 600_000]).astype(np.float32)
    arrays = {
        f"column {name}": values.astype(str) if values.dtype == object else values for name, values in columns.items()
    }
    np.savez(path, **{key.replace("/", "|"): value for key, value in arrays.items()}, targets=targets, labels=labels)
    return path


def read_columns(path: Path) -> tuple[Columns, Any, bool]:
    """The raw columns and the targets of a file, and whether these are labels."""
    with np.load(path) as file:
        found = {name: file[f"column {name}".replace("/", "|")] for name in NAMES.values()}
        columns = {name: each.astype(object) if each.dtype.kind == "U" else each for name, each in found.items()}
        return columns, file["targets"], bool(file["labels"])


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


def load_table(path: Path) -> RawData:
    """The data of such a file; `fit` encodes it with statistics of the training rows."""
    columns, targets, labels = read_columns(path)
    n_train = len(targets) * 3 // 4
    task, names = ("labels", ("dear", "very dear")) if labels else ("numbers", ())

    def data(encoding: TableEncoding) -> RawData:
        rows = encode(encoding, columns)
        train, test = Part(rows[:n_train], targets[:n_train]), Part(rows[n_train:], targets[n_train:])
        fit = lambda chosen: data(fit_encoding(columns, chosen))  # noqa: E731
        return RawData(train, test, task, names, fit=fit, encoding=encoding)  # type: ignore[arg-type]

    return data(fit_encoding(columns, np.arange(n_train)))


def read_tables() -> None:
    """Make the `npz` source read these tables, too: files whose names begin with `table`."""
    npz.load = lambda source, progress: (
        load_table(Path(source.path)) if Path(source.path).name.startswith("table") else _load_arrays(source, progress)
    )

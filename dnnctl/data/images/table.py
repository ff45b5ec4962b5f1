"""Images named in a CSV file: one row for each image, with its path and its label."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from dnnctl.data.images.listing import SPLITS, ImageFile, Listing
from dnnctl.errors import DataError, shorten
from dnnctl.specs.images import Images
from dnnctl.text import format_count, suggest

ORDER = {split: number for number, split in enumerate(dict.fromkeys(SPLITS.values()))}


def list_table(source: Images) -> Listing:
    """The images that a CSV file names, in the order of its rows.

    Raises:
        DataError: the file is not such a table, lacks a column, or a row lacks a path or a label.
    """
    keys = {"image": source.image, "label": source.label}
    keys |= {} if source.split == "none" else {"split": source.split}
    table = _read(source.path, list(keys.values()))
    for key, column in keys.items():
        if column not in table.column_names:
            hint = suggest(column, table.column_names)
            raise DataError(f"{source.path} has no column '{column}'. Set `data.source.{key}`. {hint}")
    columns = {key: _column(table, column, source.path) for key, column in keys.items()}
    splits = [_split(value, source, row) for row, value in enumerate(columns.get("split", ["train"] * table.num_rows))]
    files = list(map(ImageFile, columns["image"], splits, columns["label"]))
    if "train" not in splits:
        raise DataError(f"{source.path} names no training image.")
    return Listing(Path(source.path).parent, sorted(files, key=lambda file: ORDER[file.split]))


def _read(path: str, columns: list[str]) -> pa.Table:
    """The table; the named columns are text."""
    delimiter = "\t" if path.lower().endswith((".tsv", ".tab")) else ","
    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(use_threads=False),  # so that an error names the row
            parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string())),
        )
        names = table.column_names
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a readable CSV file: {shorten(str(error), 160)}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    twice = [name for name, count in Counter(names).items() if count > 1 and name in columns]
    if twice:
        raise DataError(f"{path} has several columns named '{twice[0]}'. Rename all but one.")
    return table


def _column(table: pa.Table, name: str, path: str) -> list[str]:
    values: list[str] = table.column(name).to_pylist()
    empty = [row for row, value in enumerate(values) if not value]
    if empty:
        count = format_count(len(empty), "row")
        raise DataError(f"{path}: '{name}' is empty in {count}; the first is row {empty[0] + 1} after the header.")
    return values


def _split(value: str, source: Images, row: int) -> str:
    split = SPLITS.get(value.strip().lower())
    if split is None:
        raise DataError(
            f"{source.path}: row {row + 1} after the header has the split {value!r} in the column '{source.split}'. "
            f"Allowed: {', '.join(SPLITS)}."
        )
    return split

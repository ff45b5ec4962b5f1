"""Writes predictions: the format follows from the ending of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dnnctl.cli.csv_text import as_cells, as_csv
from dnnctl.errors import UserError
from dnnctl.store.files import to_json_line, write_through

Batch = dict[str, Any]
"""Some rows, as a list or an array of each column."""


def check_output(path: Path, *, inputs: Sequence[str], force: bool) -> None:
    """Check the ending of a file, and that nothing is overwritten by mistake.

    Raises:
        UserError: the ending is unknown, the file exists and `force` is false, or the file is one of the inputs.
    """
    if path.suffix.lower() not in WRITERS:
        raise UserError(
            f"--output {path}: the ending decides the format. It must be one of {', '.join(WRITERS)}. Change it."
        )
    if path.is_dir():
        raise UserError(f"--output {path} is a folder. Add the name of a file.")
    if (path.exists() or path.is_symlink()) and not force:
        raise UserError(f"{path} already exists. Choose another --output, or replace it with --force.")
    if path.exists() and any(Path(each).exists() and path.samefile(each) for each in inputs):
        raise UserError(f"--output {path} is one of the inputs, which would be lost. Choose another --output.")


def write_predictions(path: Path, batches: Iterable[Batch]) -> None:
    """Write all rows; the file appears when it is complete.

    Raises:
        UserError: it cannot be written.
    """
    write = WRITERS[path.suffix.lower()]
    try:
        write_through(path, lambda aside: write(aside, batches))
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror or error}.") from None


def csv_lines(batches: Iterable[Batch]) -> Iterator[str]:
    """The lines of comma-separated values, with a header; some rows at a time, each ending in a line break."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for number, batch in enumerate(batches):
        cells = [as_cells(values) for values in batch.values()]
        lines = pc.binary_join_element_wise(*cells, pa.scalar(",", pa.large_string())).to_pylist()
        yield "\n".join([*([] if number else [as_csv([list(batch)]).rstrip("\n")]), *lines, ""])


def json_lines(batches: Iterable[Batch]) -> Iterator[str]:
    """Each row as one line of JSON."""
    for batch in batches:
        names = list(batch)
        for row in zip(*map(_as_list, batch.values()), strict=True):
            yield to_json_line(dict(zip(names, map(_as_json, row), strict=True))) + "\n"


def _as_list(values: Any) -> list[Any]:
    return values.tolist() if hasattr(values, "tolist") else list(values)


def _as_json(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | list | None) else str(value)


def _write_csv(path: Path, batches: Iterable[Batch]) -> None:
    _write_text(path, csv_lines(batches))


def _write_json(path: Path, batches: Iterable[Batch]) -> None:
    _write_text(path, json_lines(batches))


def _write_text(path: Path, parts: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(parts)


def _write_parquet(path: Path, batches: Iterable[Batch]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    try:
        for batch in batches:
            table = pa.table({name: pa.array(values) for name, values in batch.items()})
            if writer is None:
                writer = pq.ParquetWriter(path, table.schema)
            writer.write_table(table.cast(writer.schema))
    except pa.ArrowException as error:
        raise UserError(f"The columns cannot be written as Parquet ({error}). Write .csv or .jsonl.") from None
    finally:
        if writer is not None:
            writer.close()


def _write_npz(path: Path, batches: Iterable[Batch]) -> None:
    import numpy as np

    parts = list(batches)
    columns = {name: _as_array(np.concatenate([np.asarray(batch[name]) for batch in parts])) for name in parts[0]}
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **columns)


def _as_array(array: Any) -> Any:
    """An array without Python objects."""
    import numpy as np

    is_missing = array.dtype == object and any(value is None for value in array)
    if is_missing and all(value is None or isinstance(value, int | float) for value in array):
        return array.astype(np.float64)
    return np.array(["" if value is None else str(value) for value in array]) if array.dtype == object else array


WRITERS: dict[str, Callable[[Path, Iterable[Batch]], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".jsonl": _write_json,
    ".npz": _write_npz,
}
"""By the ending of the file. An .npz file is written at once, so all rows are kept in memory until then."""

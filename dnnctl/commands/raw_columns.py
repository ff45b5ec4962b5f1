"""Raw columns of a table as the inputs of a saved model.

Shapes: N is the number of rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from dnnctl.errors import RunError
from dnnctl.store.record import RunRecord
from dnnctl.text import nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

RawColumns = Mapping[str, Any]
"""For each column its values, (N,). A DataFrame of pandas will do, too."""


def check_columns(run: RunRecord, model: Any, given: Any) -> dict[str, NDArray[Any]]:
    """The columns that the model of a run takes: numbers as float64 and text as objects, each (N,). Others are dropped.

    Raises:
        RunError: a column is missing, has the wrong type, or has another length than the others.
    """
    if not hasattr(given, "keys"):
        listed = ", ".join(f"{name!r}: …" for name in list(model.input)[:3])
        raise RunError(
            f"{run.id} was trained on a table: its inputs are columns, not an array. In Python, call predict with a "
            f"dict of columns: {{{listed}}}."
        )
    columns: dict[str, NDArray[Any]] = {}
    for name, wanted in model.input.items():
        if name not in given:
            near = nearest(name, [str(each) for each in given])
            hint = f" Rename {near!r}, if this is the column." if near else ""
            raise RunError(f"The column {name!r} is missing: {run.id} was trained with it.{hint}")
        convert = _texts if wanted.dtype == "string" else _numbers
        columns[name] = convert(run, name, given[name])
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1 or 0 in lengths.values():
        listed = ", ".join(f"{name!r} has {n}" for name, n in list(lengths.items())[:5])
        raise RunError(f"The columns must have the same number of values, at least one: {listed}.")
    return columns


def _numbers(run: RunRecord, name: str, values: Any) -> NDArray[Any]:
    """Numbers, booleans and dates (in days since 1970-01-01) as float64, with NaN for missing values."""
    import numpy as np

    array = np.asarray(values)
    if array.dtype == object and any(isinstance(value, date) for value in array.flat):
        array = array.astype("datetime64[us]")
    if array.dtype.kind == "M":
        days = array.astype("datetime64[us]").astype(np.float64) / 86_400e6
        return np.where(np.isnat(array), np.nan, days).reshape(-1)
    try:
        return array.astype(np.float64).reshape(-1)  # None becomes NaN
    except (TypeError, ValueError):
        raise RunError(f"The column {name!r} must contain numbers: {run.id} was trained with numbers.") from None


def _texts(run: RunRecord, name: str, values: Any) -> NDArray[Any]:
    """Text as objects, without surrounding blanks, as tables are read, and with an empty text for missing values."""
    import numpy as np
    import pyarrow as pa

    array = np.asarray(values, object).reshape(-1)
    try:
        encoded = pa.array(array, pa.large_string(), from_pandas=True).dictionary_encode()
    except pa.ArrowException:
        others = [value for value in array.tolist() if value is not None and not isinstance(value, str)]
        wrong = next(value for value in others if not isinstance(value, float) or value == value)  # only NaN differs
        rule = f"The column {name!r} must contain text, as in the table that {run.id} was trained on"
        raise RunError(f"{rule}. Received: {wrong!r}.") from None
    texts = [text.strip() for text in encoded.dictionary.to_pylist()]
    codes: NDArray[Any] = encoded.indices.fill_null(len(texts)).to_numpy()
    found: NDArray[Any] = np.array([*texts, ""], object)[codes]
    return found

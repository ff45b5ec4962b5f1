"""Predictions in Python: columns by name, of which the first rows are shown."""

from __future__ import annotations

from typing import Any

from dnnctl.errors import shorten
from dnnctl.text import format_count

SHOWN = 5
LONGEST = 24


class PredictedRows(dict[str, Any]):
    """(N,) arrays by the names of columns; `pandas.DataFrame(rows)` makes a DataFrame of them."""

    notes: tuple[str, ...] = ()
    """What is unusual about the inputs."""

    @property
    def n_rows(self) -> int:
        """N."""
        return len(next(iter(self.values()), ()))

    def __repr__(self) -> str:
        columns = [[name, *map(_as_cell, values[:SHOWN])] for name, values in self.items()]
        widths = [max(map(len, column)) for column in columns]
        lines = [
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in zip(*columns, strict=True)
        ]
        notes = [f"note: {note}" for note in self.notes]
        return "\n".join([format_count(self.n_rows, "row"), *lines, *(["…"] if self.n_rows > SHOWN else []), *notes])


def _as_cell(value: Any) -> str:
    is_float = isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f"
    return f"{value:.5g}" if is_float else shorten(str(value), LONGEST)

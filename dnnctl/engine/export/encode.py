"""Encode the rows of a table as the network takes them, as encoder.json describes. It needs numpy."""

import json
from pathlib import Path

import numpy as np


def encode(columns, encoder=Path(__file__).parent / "encoder.json"):
    """From a dict of columns, (N,) each, to encoded rows, (N, F) float32.

    Numbers, booleans (0 or 1) and dates (days since 1970-01-01) may be None or NaN, if they are missing. A missing text
    is None or "". A text that training did not see is encoded as unknown.
    """
    described = json.loads(Path(encoder).read_text(encoding="utf-8"))["columns"]
    return np.concatenate([_encode(column, columns[column["name"]]) for column in described], axis=1)


def _encode(column, values):
    if column["kind"] == "category":
        slots = {name: slot for slot, name in enumerate(column["categories"], 1)}
        found = np.array([slots.get((value or "").strip(), 0) for value in values])[:, None]
        return (found if column["is_embedded"] else found == np.arange(1, len(slots) + 1)).astype(np.float32)
    numbers = np.array(values, np.float64).reshape(-1)
    is_missing = np.isnan(numbers)
    encoded = (np.where(is_missing, column["fill"], numbers) - column["mean"]) / column["deviation"]
    return np.stack([encoded, is_missing][: 1 + column["has_indicator"]], axis=1).astype(np.float32)

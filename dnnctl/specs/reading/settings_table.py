"""The settings of a sweep in a CSV file: a column for each key of the spec, a row for each trial."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dnnctl.errors import Fault, Place, SpecError
from dnnctl.specs.reading.spec_file import read_file
from dnnctl.specs.reading.yaml_reader import read_text
from dnnctl.specs.sweep import MAX_TRIALS


@dataclass(frozen=True)
class SettingsTable:
    """The rows of the file, and the place of each."""

    rows: tuple[dict[str, Any], ...]
    places: tuple[Place, ...]

    def place_of(self, path: str, value: Any) -> Place:
        """The place of the first row with this value."""
        return next(place for row, place in zip(self.rows, self.places, strict=True) if row[path] == value)


def read_settings(path: Path) -> SettingsTable:
    """The settings in a file; values are read as YAML.

    Raises:
        SpecError: it cannot be read, has no rows, or has rows of another length than its header.
    """
    lines = read_file(path).splitlines()
    reader = csv.reader(lines, strict=True)
    try:
        header, *rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row] or [(0, [])]
    except csv.Error as error:
        raise SpecError([Fault(f"is not a CSV file: {error}", place=Place(str(path), reader.line_num))]) from None
    names, faults = header[1], []
    if not rows or not all(names) or len(set(names)) < len(names) or len(rows) > MAX_TRIALS:
        rule = f"must have a header with the keys of the spec, each once, and 1 to {MAX_TRIALS:,} rows"
        raise SpecError([Fault(rule, place=Place(str(path)), hint="For example: optimizer.learning_rate,seed")])
    found, places = [], []
    for number, cells in rows:
        place = Place(str(path), number, 1, lines[number - 1])
        places.append(place)
        if len(cells) != len(names):
            faults.append(Fault(f"has {len(cells)} cells, but the header has {len(names)}", place=place))
            continue
        nodes = [read_text(cell, str(path)) for cell in cells]
        empty = [name for name, (node, _) in zip(names, nodes, strict=True) if node.value is None]
        faults += [Fault("the cell is empty", name, place) for name in empty]
        found.append({name: node.plain() for name, (node, _) in zip(names, nodes, strict=True)})
    if faults:
        raise SpecError(faults)
    return SettingsTable(tuple(found), tuple(places))

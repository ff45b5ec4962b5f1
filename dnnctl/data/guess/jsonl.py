"""Which keys of JSON lines are inputs and target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic_core import from_json

from dnnctl.data.guess.guess import TARGETS, Entry, Guess, named, no_such
from dnnctl.data.source import load_source
from dnnctl.errors import DataError
from dnnctl.specs.source import JsonLines

INPUTS = ("inputs", "input", "x", "features", "image", "pixels", "values")
LONGEST = 16 * 1024 * 1024


def guess_jsonl(path: str, target: str | None) -> Guess:
    """The keys of inputs and target in a file.

    Args:
        target: the key of the target; None to guess it.

    Raises:
        DataError: no key has a list of numbers, there is no such target, or the file cannot be used.
    """
    record = _first_record(path)
    inputs = named(record, INPUTS) or next((key for key, value in record.items() if isinstance(value, list)), None)
    if inputs is None or not isinstance(record[inputs], list):
        raise DataError(
            f"{path}: no key has a list of numbers as inputs. The keys are {', '.join(map(str, record))}. If each key "
            "is a column, make a table of it: pandas.read_json(FILE, lines=True).to_csv('data.csv', index=False)."
        )
    rest = [key for key in record if key != inputs]
    if target is not None and target not in rest:
        raise DataError(no_such("key", target, rest, path))
    chosen = target or named(rest, TARGETS) or next(iter(rest[-1:]), None)
    if chosen is None:
        raise DataError(f"{path}: the lines have no target, only the key '{inputs}'.")
    raw = load_source(JsonLines(kind="jsonl", path=path, inputs=inputs, target=chosen))
    entries = (Entry("inputs", inputs, "the key of the inputs"), Entry("target", chosen, "the key to predict"))
    findings = (f"the inputs are '{inputs}', the target is '{chosen}'", "there is no test split: set `test_path`")
    return Guess(entries, "jsonl", raw.task, raw.train.input_shape, findings=findings)


def _first_record(path: str) -> dict[str, Any]:
    with Path(path).open("rb") as file:
        line = next((line for line in iter(lambda: file.readline(LONGEST), b"") if line.strip()), b"")
    if not line:
        raise DataError(f"{path} is empty.")
    try:
        record = from_json(line)
    except ValueError:
        record = None
    if not isinstance(record, dict) or not record:
        raise DataError(f"{path}: the first line is not a JSON object. Write one object per line: {{…}}.")
    return record

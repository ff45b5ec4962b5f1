"""The answers of a run to rows and images that are sent to it. Nothing that a client sends is opened as a path."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from io import BytesIO
from threading import Lock
from typing import Any

from dnnctl.commands.predict import Prediction
from dnnctl.commands.predictor import Predictor, load_predictor, read_form
from dnnctl.commands.runs import Weights, find_altered
from dnnctl.data.inputs.batch import InputForm, InputReader
from dnnctl.data.inputs.images import ImageInputs
from dnnctl.data.inputs.json_lines import JsonInputs, stream_records
from dnnctl.data.inputs.tables import TableInputs
from dnnctl.errors import UserError
from dnnctl.store.files import finite_only
from dnnctl.store.record import RunRecord

PLACE = "row"
"""The place of a row in messages: `row:3`."""
Answer = dict[str, Any]


@dataclass(frozen=True)
class Service:
    """A loaded run that answers, one request at a time."""

    predictor: Predictor
    form: InputForm
    altered: tuple[str, ...] = ()
    """The files of the run that were altered since training."""
    weights: Weights = "best"
    lock: Lock = field(default_factory=Lock)
    """Only one thread may predict, because standard error is redirected meanwhile."""

    @property
    def run(self) -> RunRecord:
        """The run that answers."""
        return self.predictor.run

    @property
    def takes_images(self) -> bool:
        """Whether image files can be sent."""
        shape = self.form.shape
        return self.form.is_pixels and (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3))

    def answer_rows(self, rows: Sequence[Any]) -> Answer:
        """The predictions for rows: objects with the columns of a table, or lists of numbers.

        Raises:
            UserError: they do not fit the run.
        """
        if self.form.encoding is not None:
            _check_objects(rows)
            return self._answer(TableInputs(stream_records(_opener(rows), PLACE), self.form))
        reader = JsonInputs(_opener([]), PLACE, self.form)
        lines = [row if isinstance(row, dict) else {reader.key: row} for row in rows]
        reader.open_file = _opener(lines)
        return self._answer(reader)

    def answer_images(self, images: Sequence[tuple[str, bytes]]) -> Answer:
        """The predictions for the contents of image files, each with a name.

        Raises:
            UserError: they do not fit the run.
        """
        named = dict(images)
        if len(named) < len(images):
            raise UserError("Several images have the same name. Send each with its own.")
        return self._answer(ImageInputs(list(named), self.form, named.__getitem__))

    def _answer(self, reader: InputReader) -> Answer:
        with self.lock:
            prediction = Prediction(self.run, self.altered, reader, self.predictor)
            rows = [row for batch in prediction.batches() for row in _rows(batch)]
            return {"run": self.run.id, "predictions": finite_only(rows), "notes": prediction.notes()}


def load_service(run: RunRecord, weights: Weights = "best", *, accept_altered: bool = False) -> Service:
    """Load a run.

    Raises:
        UserError: it has no model or was altered.
    """
    altered = find_altered(run, weights, accept=accept_altered)
    predictor = load_predictor(run, weights, accept_altered=accept_altered)
    return Service(predictor, read_form(predictor), altered, weights)


def _check_objects(rows: Sequence[Any]) -> None:
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise UserError(f"{PLACE}:{number}: the row must be an object with the columns of the table.")


def _opener(rows: Sequence[Any]) -> Any:
    """What opens the rows as JSON lines, so that they are read as `predict` reads a file."""
    return lambda: nullcontext(BytesIO("\n".join(map(json.dumps, rows)).encode()))


def _rows(batch: dict[str, Any]) -> list[dict[str, Any]]:
    columns = [values.tolist() if hasattr(values, "tolist") else list(values) for values in batch.values()]
    return [dict(zip(batch, row, strict=True)) for row in zip(*columns, strict=True)]

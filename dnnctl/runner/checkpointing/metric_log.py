"""The rows of a live run: in memory, in its files, and as TensorBoard events."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np

from dnnctl.engine.tensorboard import EVENT_FILES, EventFile, cut_back
from dnnctl.store.facts import Row
from dnnctl.store.flat import flatten
from dnnctl.store.metrics import NO_SCALARS
from dnnctl.store.writer import RowsFile, RunWriter

ROLES = ("train", "validation")
SCALARS = (bool, int, float, str)


class MetricLog:
    """Collects the rows of a run and writes them.

    Args:
        watched: the variables whose distributions are written to TensorBoard's files after each epoch.
        probe: makes the rows of probe.jsonl for an epoch whose row is given.
    """

    def __init__(
        self,
        writer: RunWriter,
        watched: Sequence[keras.Variable] = (),
        probe: Callable[[Row], Sequence[Row]] | None = None,
    ) -> None:
        self.writer = writer
        self.watched = watched
        self.probe = probe
        self._rows: dict[RowsFile, list[Row]] = {"metrics": [], "pretraining": [], "probe": []}
        self._events: dict[str, EventFile] = {}

    @property
    def rows(self) -> list[Row]:
        """The rows of metrics.jsonl."""
        return self._rows["metrics"]

    @property
    def pretraining(self) -> list[Row]:
        """The rows of pretraining.jsonl."""
        return self._rows["pretraining"]

    @property
    def probed(self) -> list[Row]:
        """The rows of probe.jsonl."""
        return self._rows["probe"]

    def add_row(self, row: Row, file: RowsFile = "metrics") -> None:
        """Write an epoch's row. Rows of metrics.jsonl also go to TensorBoard's files, with the tags that Keras uses."""
        self._write_row(row, file)
        if file == "metrics" and self.watched:
            weights = {each.path: np.asarray(each) for each in self.watched}
            self._event_file(ROLES[0]).add_histograms(row["epoch"], weights)
        if file == "metrics" and self.probe is not None:
            for each in self.probe(row):
                self._write_row(each, "probe")

    def cut_back(self, rows: Sequence[Row], pretraining: Sequence[Row], probed: Sequence[Row] = ()) -> None:
        """Keep only these rows in the files, and cut TensorBoard's files back to the same epoch."""
        self.close()
        self._rows = {"metrics": list(rows), "pretraining": list(pretraining), "probe": list(probed)}
        for file, kept in self._rows.items():
            self.writer.replace_rows(kept, file)
        last = int(rows[-1]["epoch"]) if rows else 0
        for role in ROLES:
            cut_back(self.writer.folder.tensorboard / role, last)

    def start_with(self, rows: Sequence[Row], pretraining: Sequence[Row], probed: Sequence[Row] = ()) -> None:
        """Start with the rows of another run."""
        self.cut_back([], pretraining, probed)
        for row in rows:
            self._write_row(row)

    def close(self) -> None:
        """Finish TensorBoard's files."""
        for file in self._events.values():
            file.close()
        self._events = {}

    def _write_row(self, row: Row, file: RowsFile = "metrics") -> None:
        self._rows[file].append(row)
        self.writer.append_row(row, file)
        if file == "metrics":
            self._add_scalars(row)

    def _add_scalars(self, row: Row) -> None:
        scalars: dict[str, dict[str, float]] = {role: {} for role in ROLES}
        for name, value in row.items():
            if name not in NO_SCALARS and value is not None:
                role = "validation" if name.startswith("val_") else "train"
                scalars[role][f"epoch_{name.removeprefix('val_')}"] = value
        for role, values in scalars.items():
            if values:
                self._event_file(role).add(row["epoch"], values)

    def _event_file(self, role: str) -> EventFile:
        if not self._events:
            self._add_hyperparameters()
        if role not in self._events:
            self._events[role] = EventFile(self.writer.folder.tensorboard / role)
        return self._events[role]

    def _add_hyperparameters(self) -> None:
        """Write the spec for TensorBoard's HPARAMS page, unless an earlier process has done so."""
        folder = self.writer.folder.tensorboard
        if not folder.is_dir() or not any(folder.glob(EVENT_FILES)):
            file = EventFile(folder)
            file.add_hyperparameters(
                {path: value for path, value in flatten(self.writer.facts.spec).items() if isinstance(value, SCALARS)}
            )
            file.close()

"""The rows of a live run: in memory, in its files, and as TensorBoard events."""

from __future__ import annotations

from collections.abc import Sequence

from dnnctl.engine.tensorboard import EventFile, cut_back
from dnnctl.store.facts import Row
from dnnctl.store.metrics import NO_SCALARS
from dnnctl.store.writer import RowsFile, RunWriter

ROLES = ("train", "validation")


class MetricLog:
    """Collects the rows of a run and writes them."""

    def __init__(self, writer: RunWriter) -> None:
        self.writer = writer
        self._rows: dict[RowsFile, list[Row]] = {"metrics": [], "pretraining": []}
        self._events: dict[str, EventFile] = {}

    @property
    def rows(self) -> list[Row]:
        """The rows of metrics.jsonl."""
        return self._rows["metrics"]

    @property
    def pretraining(self) -> list[Row]:
        """The rows of pretraining.jsonl."""
        return self._rows["pretraining"]

    def add_row(self, row: Row, file: RowsFile = "metrics") -> None:
        """Write an epoch's row. Rows of metrics.jsonl also go to TensorBoard's files, with the tags that Keras uses."""
        self._rows[file].append(row)
        self.writer.append_row(row, file)
        if file == "metrics":
            self._add_scalars(row)

    def cut_back(self, rows: Sequence[Row], pretraining: Sequence[Row]) -> None:
        """Keep only these rows in the files, and cut TensorBoard's files back to the same epoch."""
        self._rows = {"metrics": list(rows), "pretraining": list(pretraining)}
        self.writer.replace_rows(self.rows, "metrics")
        self.writer.replace_rows(self.pretraining, "pretraining")
        last = int(rows[-1]["epoch"]) if rows else 0
        for role in ROLES:
            cut_back(self.writer.folder.tensorboard / role, last)

    def start_with(self, rows: Sequence[Row], pretraining: Sequence[Row]) -> None:
        """Start with the rows of another run."""
        self.cut_back([], pretraining)
        for row in rows:
            self.add_row(row)

    def close(self) -> None:
        """Finish TensorBoard's files."""
        for file in self._events.values():
            file.close()

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
        if role not in self._events:
            self._events[role] = EventFile(self.writer.folder.tensorboard / role)
        return self._events[role]

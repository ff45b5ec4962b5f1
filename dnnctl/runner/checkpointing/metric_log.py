"""What a run leaves for its readers: rows of metrics, TensorBoard's events, the summary."""

from __future__ import annotations

from typing import Any

from dnnctl.engine.tensorboard import EventFile, cut_back
from dnnctl.store.files import append_json_line, to_json_line, write_json, write_text
from dnnctl.store.folder import RunFolder
from dnnctl.store.metrics import NO_SCALARS

ROLES = ("train", "validation")


class MetricLog:
    """The growing records of one run."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.rows: list[dict[str, Any]] = []
        self.pretraining: list[dict[str, Any]] = []
        self._events: dict[str, EventFile] = {}

    def add_row(self, row: dict[str, Any]) -> None:
        """Write an epoch's row to metrics.jsonl and to TensorBoard's files, tagged as Keras tags them."""
        self.rows.append(row)
        append_json_line(self.folder.metrics, row)
        scalars: dict[str, dict[str, float]] = {role: {} for role in ROLES}
        for name, value in row.items():
            if name in NO_SCALARS:
                continue
            role = "validation" if name.startswith("val_") else "train"
            scalars[role][f"epoch_{name.removeprefix('val_')}"] = value
        for role, values in scalars.items():
            if values:
                self._event_file(role).add(row["epoch"], values)

    def add_pretraining_row(self, row: dict[str, Any]) -> None:
        """Write a row of the pretraining."""
        self.pretraining.append(row)
        append_json_line(self.folder.pretraining, row)

    def cut_back(self, rows: list[dict[str, Any]], pretraining: list[dict[str, Any]]) -> None:
        """Have these rows alone in the files of metrics, and TensorBoard's files no longer than they are."""
        self.rows, self.pretraining = list(rows), list(pretraining)
        write_text(self.folder.metrics, "".join(to_json_line(row) + "\n" for row in rows))
        if pretraining or self.folder.pretraining.exists():
            write_text(self.folder.pretraining, "".join(to_json_line(row) + "\n" for row in pretraining))
        last = int(rows[-1]["epoch"]) if rows else 0
        for role in ROLES:
            cut_back(self.folder.tensorboard / role, last)

    def begin_with(self, rows: list[dict[str, Any]], pretraining: list[dict[str, Any]]) -> None:
        """Begin with the rows of another run."""
        self.cut_back([], pretraining)
        for row in rows:
            self.add_row(row)

    def write_summary(self, summary: dict[str, Any]) -> None:
        """Write the result: from now on the run is finished."""
        write_json(self.folder.summary, summary)

    def close(self) -> None:
        """Finish TensorBoard's files."""
        for file in self._events.values():
            file.close()

    def _event_file(self, role: str) -> EventFile:
        if role not in self._events:
            self._events[role] = EventFile(self.folder.tensorboard / role)
        return self._events[role]

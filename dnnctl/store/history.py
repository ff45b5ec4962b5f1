"""What happened to a run, and when: a row of history.jsonl for each start, end and resumption."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dnnctl.store.files import append_json_line
from dnnctl.store.folder import RunFolder


def record_event(folder: RunFolder, **facts: Any) -> None:
    """Add a row with the time."""
    append_json_line(folder.history, {"time": datetime.now().astimezone().isoformat(timespec="seconds"), **facts})

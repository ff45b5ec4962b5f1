"""The state in a checkpoint, whatever its file holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dnnctl.errors import RunError
from dnnctl.runner.checkpointing.progress import LoopState, Progress, RatesState, StageKey, read_progress
from dnnctl.runner.monitor import Monitor
from dnnctl.store.checkpoint import Checkpoint
from dnnctl.store.json_object import plain

ROW = {"epoch": 1, "step": 10, "seconds": 0.5, "loss": 1.0}
LOOP = LoopState(0, 1, 0, 0.0, 0, Monitor("val_loss"), RatesState(0, 1.0), Monitor("val_loss"))
WHOLE = Progress(StageKey("phase", 1), "sgd", LOOP, (ROW,))


def stored(folder: Path, **changes: Any) -> Checkpoint:
    checkpoint = Checkpoint(10, 1, folder)
    values = plain(WHOLE)
    checkpoint.state.write_text(
        json.dumps({**values, **changes, "loop": {**values["loop"], **changes.get("loop", {})}})
    )
    return checkpoint


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The best value of a monitor is NaN before its first epoch."""
    found = read_progress(stored(tmp_path))
    assert str(found) == str(WHOLE)


@pytest.mark.parametrize(
    "changes",
    [
        {"loop": {"epoch": -1}},
        {"loop": {"step": 10**30}},
        {"loop": {"best": None}},
        {"loop": []},
        {"rows": [{"epoch": 1}]},
        {"rows": [{**ROW, "seconds": "x"}]},
        {"pretraining": [{**ROW, "epoch": 10**30}]},
        {"stage": "phase"},
    ],
)
def test_a_state_with_another_value_is_refused_by_its_path(changes: dict[str, Any], tmp_path: Path) -> None:
    if changes.get("loop") == []:
        checkpoint = stored(tmp_path)
        checkpoint.state.write_text(json.dumps({**plain(WHOLE), **changes}))
    else:
        checkpoint = stored(tmp_path, **changes)
    with pytest.raises(RunError, match=f"{tmp_path} cannot be used: "):
        read_progress(checkpoint)

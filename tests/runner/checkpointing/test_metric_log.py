from __future__ import annotations

from itertools import count
from pathlib import Path

import keras
import pytest
import tensorflow as tf

from dnnctl.runner.checkpointing.metric_log import MetricLog
from dnnctl.store.writer import RunWriter
from stored import store_run

pytestmark = pytest.mark.heavy
ROW = {"step": 1, "seconds": 0.1, "learning_rate": 0.1, "loss": 0.5}


def tags(folder: Path) -> list[tuple[int, str]]:
    """The step and tag of every entry of a folder's files."""
    return [
        (event.step, value.tag)
        for file in sorted(folder.glob("events*"))
        for data in tf.data.TFRecordDataset(str(file))
        for event in [tf.compat.v1.Event.FromString(data.numpy())]
        for value in event.summary.value
    ]


def test_weights_are_written_for_own_epochs_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for those of a parent, whose weights are not known; and after a resume, each epoch has them once."""
    processes = count(1)
    monkeypatch.setattr("os.getpid", lambda: next(processes))  # each file has the name of its process
    run = store_run(tmp_path)
    kernel = keras.Variable([1.0, 2.0], name="kernel")
    with RunWriter.open(run) as writer:
        log = MetricLog(writer, [kernel])
        log.start_with([{"epoch": 1, **ROW}], [])
        for epoch in (2, 3):
            log.add_row({"epoch": epoch, **ROW})
        log.close()
        again = MetricLog(writer, [kernel])
        again.cut_back(log.rows[:2], [])
        again.add_row({"epoch": 3, **ROW})
        again.close()
        plain = MetricLog(writer)
        plain.add_row({"epoch": 4, **ROW})
        plain.close()
    found = tags(run.folder.tensorboard / "train")
    assert [step for step, tag in found if tag == "kernel"] == [2, 3]
    assert [step for step, tag in found if tag == "epoch_loss"] == [1, 2, 3, 4]
    assert tags(run.folder.tensorboard) == [(0, "_hparams_/session_start_info")]

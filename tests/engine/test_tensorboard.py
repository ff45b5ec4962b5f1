"""What TensorBoard itself reads from the event files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnctl.engine.tensorboard import EventFile

loader = pytest.importorskip(
    "tensorboard.backend.event_processing.event_file_loader", reason="TensorBoard is not installed"
)
pytestmark = pytest.mark.heavy


def read(folder: Path) -> list[tuple[int, Any]]:
    """The step and the value of each entry, as TensorBoard understands it."""
    (path,) = folder.glob("events*")
    return [(event.step, value) for event in loader.EventFileLoader(str(path)).Load() for value in event.summary.value]


def test_histograms_are_those_of_numpy(tmp_path: Path) -> None:
    """Of the finite values; an array without any has none."""
    from tensorboard.util import tensor_util

    arrays = {
        "kernel": np.random.default_rng(1).normal(size=(20, 30)).astype(np.float32),
        "same": np.full(5, 2.0, np.float32),
        "holes": np.array([1, np.nan, 3, np.inf], np.float32),
        "lost": np.full(3, np.nan, np.float32),
    }
    file = EventFile(tmp_path / "train")
    file.add_histograms(4, arrays)
    file.close()
    found = {value.tag: (step, value) for step, value in read(tmp_path / "train")}
    assert set(found) == {"kernel", "same", "holes"}
    for tag, (step, value) in found.items():
        buckets = tensor_util.make_ndarray(value.tensor)
        finite = arrays[tag][np.isfinite(arrays[tag])]
        counts, edges = np.histogram(finite, len(buckets))
        assert (step, value.metadata.plugin_data.plugin_name, counts.sum()) == (4, "histograms", finite.size)
        np.testing.assert_allclose(buckets, np.stack([edges[:-1], edges[1:], counts], axis=1), rtol=1e-6)


def test_hyperparameters_are_read_as_they_were(tmp_path: Path) -> None:
    """By TensorBoard's own message: numbers, booleans and texts, also longer than a byte can count."""
    from tensorboard.plugins.hparams.metadata import parse_session_start_info_plugin_data

    values = {"rate": 1e-3, "units": 300, "nesterov": True, "off": False, "kind": "sgd", "größe": "é" * 20_000, "": ""}
    file = EventFile(tmp_path)
    file.add_hyperparameters(values)
    file.close()
    ((step, value),) = read(tmp_path)
    start = parse_session_start_info_plugin_data(value.metadata.plugin_data.content)
    found = {name: getattr(each, each.WhichOneof("kind")) for name, each in start.hparams.items()}
    assert (step, found, start.start_time_secs > 1e9) == (0, values, True)
    assert [type(found[name]) for name in ("nesterov", "units")] == [bool, float]

"""Examples that are read in chunks give the bits of examples in memory."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from dnnctl.commands.evaluate import evaluate
from dnnctl.commands.train import train
from dnnctl.data.dataset import Part
from dnnctl.data.lazy import lazy_part
from dnnctl.engine import streaming
from dnnctl.engine.batch import Batch
from dnnctl.engine.step_loop import EpochPlan, StepLoop
from dnnctl.engine.streaming import Streamed, chunk_steps
from dnnctl.errors import DataError
from dnnctl.events.event import StepsDone
from dnnctl.specs import load
from sample_specs import outcome, write_spec

PART = Part(
    np.arange(92 * 6, dtype=np.float32).reshape(92, 6), np.arange(92, dtype=np.int32), np.arange(92, dtype=np.float32)
)
CONV = {
    "defaults": {"activation": "relu", "normalization": "batch"},
    "layers": [{"kind": "conv2d", "filters": 4, "padding": "same"}, "flatten", {"kind": "dense", "units": 8}],
}
NETS: dict[str, dict[str, Any]] = {
    "dense, dropout, XLA": {
        "model": {"layers": ["flatten", {"kind": "dense", "units": 8, "dropout": {"kind": "dropout", "rate": 0.3}}]},
        "runtime": {"compile": "xla"},
    },
    "batch norm, graph": {
        "model": {"defaults": {"normalization": "batch"}, "layers": ["flatten", {"kind": "dense", "units": 8}]},
        "runtime": {"compile": "graph"},
    },
    "conv, augmentation, class weights, graph": {
        "model": CONV,
        "data": {"augment": ["flip", {"kind": "crop", "padding": 1}, "mixup"], "class_weights": {"0": 2}},
        "runtime": {"compile": "graph"},
    },
    "conv, augmentation, XLA": {"model": CONV, "data": {"augment": ["cutmix"]}, "runtime": {"compile": "xla"}},
}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps in a chunk, so that the small data have several chunks and a shorter last one."""
    monkeypatch.setattr(streaming, "MAX_STEPS", 2)


def spec_of(net: str, folder: Path) -> Any:
    sections = NETS[net]
    path = write_spec(folder, **{name: section for name, section in sections.items() if name != "data"})
    return load(path, [f"data.{key}={value}" for key, value in sections.get("data", {}).items()])


@pytest.mark.parametrize("net", NETS)
def test_a_streamed_training_has_the_bits_of_one_in_memory(net: str, tmp_path: Path) -> None:
    """Also with other numbers of readers. The oracle is the training with all examples on the device."""
    loaded = spec_of(net, tmp_path)
    path = tmp_path / "whole.yaml"
    path.write_text(loaded.source)
    overrides = list(loaded.overrides)
    expected = outcome(train(load(path, overrides), runs_dir=tmp_path / "runs"))
    for n_readers in (0, 1, 2):
        streamed = load(path, [*overrides, "data.in_memory=false", f"runtime.readers={n_readers}"])
        run = train(streamed, runs_dir=tmp_path / "runs")
        assert outcome(run) == expected
    assert evaluate(run, "test").metrics == run.summary.test


@pytest.mark.parametrize("n_before", [0, 1])
@pytest.mark.parametrize("n_readers", [0, 1, 2])
def test_chunks_hold_the_examples_in_the_order_of_the_epoch(n_before: int, n_readers: int) -> None:
    """The oracle is indexing the whole arrays. The last chunk is as long as the others."""
    order = np.random.default_rng(0).permutation(92).astype(np.int32)
    extended = np.concatenate([order[92 - n_before :], order])
    chunks = Streamed(lazy_part(PART, np.arange(92)), n_readers=n_readers).chunks(
        extended, batch_size=10, n_before=n_before
    )
    assert (chunks.n_steps, chunks.n_chunks) == (2, 5)
    for number in (2, 3, 4, 0):
        (inputs, targets, weights), indices = chunks.get(number)
        rows = extended[number * 20 : number * 20 + 20 + n_before]
        assert inputs.shape == (20 + n_before, 6)
        for found, whole in ((inputs, PART.inputs), (targets, PART.targets), (weights, PART.weights)):
            assert np.array_equal(found[: len(rows)], whole[rows])
            assert not np.any(found[len(rows) :])
        assert np.array_equal(indices[: len(rows)], rows)
    chunks.close()


@pytest.mark.parametrize("n_readers", [0, 2])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_calls_may_start_and_end_inside_a_chunk(jit_compile: bool, n_readers: int) -> None:
    """Each step depends on all steps before it. The oracle is the recurrence in NumPy; the last batch is short."""
    state = tf.Variable(0.0)

    def step(batch: Batch, _rate: Any, _momentum: Any) -> Any:
        state.assign(state / 2 + tf.reduce_sum(batch.weights))
        return state.read_value()

    order = np.random.default_rng(0).permutation(92).astype(np.int32)
    expected = 0.0
    for start in range(0, 92, 10):
        expected = expected / 2 + float(order[start : start + 10].sum())
    train = Streamed(lazy_part(PART, np.arange(92)), n_readers=n_readers)
    loop = StepLoop(step, train, batch_size=10, jit_compile=jit_compile)
    for cut in range(1, 10):
        state.assign(0.0)
        loop.start_epoch(EpochPlan(order, np.zeros(10, np.float32)))
        assert (loop.run(0, cut), loop.run(cut, 10)) == (None, None)
        assert float(state) == pytest.approx(expected, rel=1e-6)
    loop.stop_reading()


def test_short_calls_read_a_chunk_once_without_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = Streamed(lazy_part(PART, np.arange(92)), n_readers=0).chunks(
        np.arange(92, dtype=np.int32), batch_size=10, n_before=0
    )
    read, numbers = chunks._read, []
    monkeypatch.setattr(chunks, "_read", lambda number: numbers.append(number) or read(number))
    for number in (0, 0, 1, 1, 1, 2):
        chunks.get(number)
    assert numbers == [0, 1, 2]


@pytest.mark.parametrize("stops", [False, True], ids=["finished", "interrupted"])
def test_no_reader_is_left_when_training_ends(stops: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training ends with the last epoch, or because an event after its first steps raises."""
    pools: list[Any] = []
    close = streaming.Chunks.close
    monkeypatch.setattr(streaming.Chunks, "close", lambda chunks: (close(chunks), pools.append(chunks._pool)))
    started: list[Any] = []
    make = streaming.ThreadPoolExecutor
    monkeypatch.setattr(streaming, "ThreadPoolExecutor", lambda n: started.append(make(n)) or started[-1])

    def report(event: Any) -> None:
        if stops and isinstance(event, StepsDone):
            raise KeyboardInterrupt

    spec = load(write_spec(tmp_path), ["data.in_memory=false"])
    with pytest.raises(KeyboardInterrupt) if stops else nullcontext():
        train(spec, runs_dir=tmp_path / "runs", report=report)
    assert pools == started != []


COUNT_PROGRAMS = """
import os, sys
from pathlib import Path
folder = Path(sys.argv[1])
os.environ["DNNCTL_CACHE_DIR"] = str(folder / "cache")
from dnnctl.commands.train import train
from dnnctl.engine import streaming
from dnnctl.specs import load
streaming.MAX_STEPS = 2
train(load(folder / "small.yaml", ["data.in_memory=false", "runtime.compile=xla"]), runs_dir=folder / "runs")
print(len(list((folder / "cache").rglob("*.pb"))))
"""


def test_xla_compiles_once_for_all_chunks(tmp_path: Path) -> None:
    """TensorFlow keeps one program for the full batches; there is no short batch."""
    write_spec(tmp_path)
    command = [sys.executable, "-c", COUNT_PROGRAMS, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "TF_XLA_FLAGS": ""})
    assert done.stdout == "1\n"


def test_a_chunk_is_bounded_in_bytes_and_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MAX_STEPS", 512)
    assert chunk_steps(PART, 10) == 10
    monkeypatch.setattr(streaming, "CHUNK_BYTES", 3 * 10 * 24)
    assert chunk_steps(PART, 10) == 3
    monkeypatch.setattr(streaming, "CHUNK_BYTES", 1)
    assert chunk_steps(PART, 10) == 1


def test_an_error_of_a_reader_ends_the_training_with_its_message() -> None:
    class Broken(Part):
        def take(self, _rows: Any) -> Part:
            raise DataError("photo.png cannot be read")

    chunks = Streamed(lazy_part(Broken(*vars(PART).values()), np.arange(92)), n_readers=1).chunks(
        np.arange(92, dtype=np.int32), batch_size=10, n_before=0
    )
    with pytest.raises(DataError, match=r"photo\.png"):
        chunks.get(0)

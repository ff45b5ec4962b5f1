"""What has changed in a finished run since training is noticed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnctl.errors import RunError
from dnnctl.store.alteration import check_unaltered
from dnnctl.store.checkpoint import write_checkpoint
from dnnctl.store.encoding import ColumnEncoding, TableEncoding
from dnnctl.store.facts import HistoryEntry
from dnnctl.store.record import RunRecord, Status
from dnnctl.store.writer import RunWriter
from stored import make_run, store_run

FILES = ("run.json", "spec.yaml", "encoding.json", "metrics.jsonl", "predictions.npz", "summary.json")


@pytest.fixture
def run(tmp_path: Path) -> RunRecord:
    """A finished run with a model, whose end is recorded."""
    run = store_run(tmp_path, right=np.arange(10) > 3)
    with RunWriter.open(run) as writer:
        writer.write_model(lambda aside: aside.write_bytes(b"weights"))
        writer.write_last_model(lambda aside: aside.write_bytes(b"last weights"))
        write_checkpoint(run.folder.checkpoints, epoch=1, step=10, state={}, write_arrays=lambda path: path.touch())
        writer.write_encoding(TableEncoding((ColumnEncoding("age", "number", mean=40.0),)))
        assert run.summary is not None
        writer.write_summary(run.summary)
        writer.add_history(HistoryEntry("ended", end="finished"))
        return writer.read()


def reread(run: RunRecord) -> RunRecord:
    return RunRecord(run.folder)


def test_a_run_that_nobody_touched_is_unaltered(run: RunRecord) -> None:
    assert run.altered == {}
    check_unaltered(run, run.folder.model)


@pytest.mark.parametrize("name", FILES)
def test_every_flipped_byte_of_a_result_is_noticed(name: str, run: RunRecord) -> None:
    """Each file, at several places; the size stays the same."""
    path = run.path / name
    sound = path.read_bytes() or b"name: net\n"
    for place in range(0, len(sound), max(1, len(sound) // 20)):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
        found = reread(run)
        assert name in found.altered or found.summary is None or "files" in str(found.damages), place


@pytest.mark.parametrize("key", ["test", "epochs", "files", "monitor", "state"])
def test_an_altered_value_of_the_summary_is_noticed(key: str, run: RunRecord) -> None:
    values: dict[str, Any] = json.loads(run.folder.summary.read_text())
    values[key] = {"test": {"accuracy": 1.0}, "epochs": 4, "files": {}}.get(key, "x")
    run.folder.summary.write_text(json.dumps(values))
    assert reread(run).altered["summary.json"] == "altered since training"


def test_a_summary_that_was_deleted_is_damage(run: RunRecord) -> None:
    """The end of a run is recorded after its summary is written; without it the results cannot be trusted."""
    run.folder.summary.unlink()
    assert reread(run).status is Status.DAMAGED
    assert reread(run).damages == ["summary.json is missing, although training has written it"]


def test_the_layout_of_the_summary_is_not_its_content(run: RunRecord) -> None:
    values = json.loads(run.folder.summary.read_text())
    run.folder.summary.write_text(json.dumps(dict(reversed(values.items()))))
    assert reread(run).altered == {}


def test_a_seal_that_was_removed_or_replaced_is_noticed(run: RunRecord) -> None:
    """history.jsonl records the seal, too."""
    values = json.loads(run.folder.summary.read_text())
    run.folder.summary.write_text(json.dumps({key: value for key, value in values.items() if key != "seal"}))
    assert "summary.json" in reread(run).altered
    with RunWriter.open(store_run(run.path.parent / "other")) as writer:
        other = writer.read()
    run.folder.summary.write_bytes(other.folder.summary.read_bytes())
    assert "summary.json" in reread(run).altered


def test_a_deleted_file_is_reported_but_not_called_altered(run: RunRecord) -> None:
    run.folder.predictions.unlink()
    run.folder.model.unlink()
    assert reread(run).altered == {"predictions.npz": "deleted since training"}
    check_unaltered(reread(run), run.folder.model)


def test_an_altered_model_is_refused_by_name(run: RunRecord) -> None:
    run.folder.model.write_bytes(b"WEIGHTS")
    with pytest.raises(RunError, match=r"altered since training: model\.keras"):
        check_unaltered(reread(run), run.folder.model)
    check_unaltered(reread(run))


def test_an_altered_encoding_is_refused(run: RunRecord) -> None:
    """It decides how `predict` reads a table."""
    run.folder.encoding.write_text(run.folder.encoding.read_text().replace('"number"', '"date"'))
    with pytest.raises(RunError, match=r"altered since training: encoding\.json"):
        check_unaltered(reread(run))


def test_models_and_checkpoints_are_sealed(run: RunRecord) -> None:
    (manifest,) = (run.path / "checkpoints").glob("*/manifest.json")
    for path in (run.folder.model, run.folder.last_model, manifest):
        assert run.change_of(path) is None
        path.write_bytes(b"other")
        assert run.change_of(path) == "altered since training", path
        path.unlink()
        assert run.change_of(path) == "deleted since training", path


def test_of_a_large_file_only_the_size_is_compared(run: RunRecord) -> None:
    path = run.folder.model
    n_bytes = path.stat().st_size
    path.write_bytes(b"x" * n_bytes)
    assert run.change_of(path, max_bytes=n_bytes) == "altered since training"
    assert run.change_of(path, max_bytes=n_bytes - 1) is None
    path.write_bytes(b"x" * (n_bytes + 1))
    assert run.change_of(path, max_bytes=n_bytes - 1) == "altered since training"


def test_unfinished_runs_and_runs_of_older_versions_are_not_sealed(run: RunRecord, tmp_path: Path) -> None:
    assert make_run(tmp_path).altered == {}
    values = json.loads(run.folder.summary.read_text())
    run.folder.summary.write_text(json.dumps({k: v for k, v in values.items() if k not in ("seal", "files")}))
    run.folder.history.unlink()
    run.folder.predictions.write_bytes(b"other")
    assert reread(run).altered == {}


@pytest.mark.parametrize("name", ["spec.yaml", "summary.json", "predictions.npz"])
def test_a_pipe_in_place_of_a_file_is_an_alteration_and_nobody_waits_for_it(name: str, run: RunRecord) -> None:
    """Reading a pipe would wait for somebody to write into it."""
    (run.path / name).unlink()
    os.mkfifo(run.path / name)
    script = "import sys; from dnnctl.store.folder import RunFolder; from dnnctl.store.record import RunRecord\n"
    script += "from pathlib import Path; run = RunRecord(RunFolder(Path(sys.argv[1]))); print(run.altered, run.damages)"
    command = [sys.executable, "-c", script, str(run.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert name in done.stdout

"""A run in MLflow, as MLflow's own client reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dnnctl.commands.mlflow_log import EXPERIMENT, RUN_TAG, MlflowLog, default_uri
from dnnctl.commands.train import train
from dnnctl.errors import UserError
from dnnctl.events.event import EpochEnded, Event, ModelReady, RunEnded, RunStopped, Warned
from dnnctl.store.flat import flatten
from dnnctl.store.record import RunRecord, Status
from sample_specs import write_spec
from stored import store_run

mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")
pytestmark = pytest.mark.heavy
READY = ModelReady(1, 1, "mse", "CPU", "graph", "", "float32", 3, 1)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("MLFLOW_ALLOW_FILE_STORE", "MLFLOW_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "true")


def mirror_of(run: RunRecord) -> tuple[Any, Any]:
    """The client, and the only MLflow run of a run."""
    client = mlflow.MlflowClient(default_uri(run.folder))
    experiment = client.get_experiment_by_name(EXPERIMENT)
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.data.tags[RUN_TAG] == run.id
    return client, found


def test_a_run_is_mirrored_as_it_is(tmp_path: Path) -> None:
    """Its spec, the metrics of every epoch, those on the test split, and its files."""
    data = {"limit": 40, "source": {"kind": "npz", "path": "digits.npz"}, "validation": {"size": 24}}
    run = train(write_spec(tmp_path, runtime={"log": ["mlflow"]}, data=data), runs_dir=tmp_path / "runs")
    client, found = mirror_of(run)
    assert (found.info.status, found.info.run_name) == ("FINISHED", run.id)
    assert set(found.data.params) == set(flatten(run.spec))
    assert found.data.params["model.layers.1.units"] == "8"
    for name in ("loss", "val_accuracy", "learning_rate"):
        history = [(each.step, each.value) for each in client.get_metric_history(found.info.run_id, name)]
        assert history == [(row["epoch"], row[name]) for row in run.rows]
    assert run.summary is not None
    assert found.data.metrics["test_loss"] == run.summary.measured("test")["loss"]
    assert {each.path for each in client.list_artifacts(found.info.run_id)} == {
        "model.keras",
        "spec.yaml",
        "summary.json",
    }
    copy = client.download_artifacts(found.info.run_id, "model.keras", str(tmp_path))
    assert Path(copy).read_bytes() == run.folder.model.read_bytes()


def test_what_fails_in_mlflow_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run is finished as if MLflow were not there."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "file" / "x").as_uri())
    seen: list[Event] = []
    run = train(write_spec(tmp_path, runtime={"log": ["mlflow"]}), runs_dir=tmp_path / "runs", report=seen.append)
    assert run.status is Status.FINISHED
    (warning,) = (event.message for event in seen if isinstance(event, Warned))
    assert warning.startswith("MLflow: ")
    assert f"# warning: {warning}" in run.folder.log.read_text()
    assert isinstance(seen[-1], RunEnded)


def send(run: RunRecord, *events: Event) -> None:
    log = MlflowLog(run)
    for event in (READY, *events):
        log.add(event)
    assert log.take_warnings() == []


def test_a_resumed_run_continues_its_mlflow_run(tmp_path: Path) -> None:
    """Epochs that were trained again after the checkpoint are there once."""
    run = store_run(tmp_path)
    epochs = [EpochEnded({"epoch": n, "loss": 1 / n, "val_loss": None}, is_best=True) for n in (1, 2, 3)]
    send(run, *epochs[:2], RunStopped(run.id, "", str(Status.INTERRUPTED), ""))
    assert mirror_of(run)[1].info.status == "KILLED"
    send(run, *epochs[1:], RunStopped(run.id, "", str(Status.DIVERGED), ""))
    client, found = mirror_of(run)
    history = client.get_metric_history(found.info.run_id, "loss")
    assert [(each.step, each.value) for each in history] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert found.info.status == "FAILED"


def test_without_mlflow_nothing_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnnctl.commands.mlflow_log.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"pip install 'dnnctl\[mlflow\]'"):
        train(write_spec(tmp_path, runtime={"log": ["mlflow"]}), runs_dir=tmp_path / "runs")
    assert list((tmp_path / "runs").iterdir()) == []

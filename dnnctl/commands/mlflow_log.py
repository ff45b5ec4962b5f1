"""A run mirrored to MLflow while it is trained: the spec as parameters, the metrics of each epoch, and the files.

MLflow works in a thread of its own, so that a slow or unreachable server slows no training. A failure is a warning.
"""

from __future__ import annotations

import os
import re
import time
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from dnnctl.errors import UserError, shorten
from dnnctl.events.event import EpochEnded, Event, ModelReady, Report, RunEnded, RunStopped, Warned
from dnnctl.store.catalog import MLFLOW
from dnnctl.store.difference import in_words
from dnnctl.store.files import finite_only
from dnnctl.store.flat import flatten
from dnnctl.store.folder import RunFolder
from dnnctl.store.json_object import plain
from dnnctl.store.metrics import NO_SCALARS, finite
from dnnctl.store.record import RunRecord, Status

RUN_TAG = "dnnctl.run"
"""The tag that finds the MLflow run of a run again."""
EXPERIMENT = "dnnctl"
PATIENCE = 60
"""How long the end of a run waits for MLflow, in seconds."""
LONGEST_NAME, LONGEST_VALUE, MOST_PARAMETERS = 250, 6000, 100
"""MLflow's limits."""
ENDS = {Status.INTERRUPTED: "KILLED", Status.DIVERGED: "FAILED", Status.FAILED: "FAILED"}


def check_installed() -> None:
    """Check that MLflow is installed.

    Raises:
        UserError: it is not.
    """
    if find_spec("mlflow") is None:
        raise UserError("runtime.log: mlflow is not installed. Install it: pip install 'dnnctl[mlflow]'")


def mirrored(report: Report, run: RunRecord) -> Report:
    """A report that also mirrors events to MLflow."""
    log = MlflowLog(run)

    def report_and_mirror(event: Event) -> None:
        log.add(event)
        for warning in log.take_warnings():
            report(Warned(warning))
        report(event)

    return report_and_mirror


class MlflowLog:
    """Sends events to MLflow. The thread starts when the network is built: until then, nothing is worth mirroring."""

    def __init__(self, run: RunRecord) -> None:
        self.run = run
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._warnings: list[str] = []
        self._thread: Thread | None = None

    def add(self, event: Event) -> None:
        """Mirror an event soon. At the end of the run, wait until all are mirrored."""
        if isinstance(event, ModelReady):
            self._thread = Thread(target=self._work, name="mlflow", daemon=True)
            self._thread.start()
        if self._thread is None or not isinstance(event, EpochEnded | RunEnded | RunStopped):
            return
        self._events.put(event)
        if not isinstance(event, EpochEnded):
            self._thread.join(PATIENCE)
            if self._thread.is_alive():
                self._warnings.append(f"MLflow has not taken everything within {PATIENCE} s. The run is complete here.")

    def take_warnings(self) -> list[str]:
        """What has failed since the last call."""
        found, self._warnings = self._warnings, []
        return found

    def _work(self) -> None:
        try:
            mirror = _Mirror(self.run)
            while mirror.add(self._events.get()):
                pass
        except Exception as error:
            text = shorten(str(error), 200) or type(error).__name__
            self._warnings.append(f"MLflow: {text} The run is not mirrored any more; it is complete here.")


class _Mirror:
    """The MLflow run of a run. A resumed run continues it: epochs that it has are not sent again."""

    def __init__(self, run: RunRecord) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # without it, MLflow refuses to write plain files
        from mlflow import MlflowClient

        self.folder = run.folder
        self.client = MlflowClient(os.environ.get("MLFLOW_TRACKING_URI") or default_uri(run.folder))
        experiment = _experiment(self.client)
        found = self.client.search_runs([experiment], f"tags.`{RUN_TAG}` = '{run.id}'", max_results=1)
        self.last_epoch = 0
        if found:
            self.id = found[0].info.run_id
            self.client.update_run(self.id, status="RUNNING")
            self.last_epoch = max((each.step for each in self.client.get_metric_history(self.id, "loss")), default=0)
            return
        tags = {RUN_TAG: run.id, "mlflow.source.name": "dnnctl"}
        self.id = self.client.create_run(experiment, tags=tags, run_name=run.id).info.run_id
        self._add_parameters(run.spec)

    def add(self, event: Event) -> bool:
        """Send an event; return whether more will follow."""
        if isinstance(event, EpochEnded):
            if event.row["epoch"] > self.last_epoch:
                self._add_metrics(event.row, event.row["epoch"])
            return True
        if isinstance(event, RunEnded):
            summary = event.summary
            test = {f"test_{name}": value for name, value in summary.measured("test").items()}
            self._add_metrics({**test, "best_epoch": summary.best_epoch}, summary.epochs)
            self.client.log_dict(self.id, finite_only(plain(summary)), "summary.json")
            for path in (self.folder.spec, self.folder.model):
                self.client.log_artifact(self.id, str(path))
            self.client.set_terminated(self.id, "FINISHED")
        elif isinstance(event, RunStopped):
            self.client.set_terminated(self.id, ENDS.get(Status(event.status), "FAILED"))
        return False

    def _add_parameters(self, spec: dict[str, Any]) -> None:
        from mlflow.entities import Param

        named = {_as_name(path): in_words(value)[:LONGEST_VALUE] for path, value in flatten(spec).items()}
        parameters = [Param(name, value) for name, value in named.items()]
        for start in range(0, len(parameters), MOST_PARAMETERS):
            self.client.log_batch(self.id, params=parameters[start : start + MOST_PARAMETERS])

    def _add_metrics(self, values: dict[str, Any], epoch: int) -> None:
        from mlflow.entities import Metric

        now = time.time_ns() // 1_000_000
        numbers = {name: finite(value) for name, value in values.items() if name not in NO_SCALARS}
        metrics = [Metric(_as_name(name), value, now, epoch) for name, value in numbers.items() if value is not None]
        self.client.log_batch(self.id, metrics=metrics)


def default_uri(folder: RunFolder) -> str:
    """Plain files next to the runs: they need no other package and no server."""
    return (Path(folder.path).resolve().parent / MLFLOW).as_uri()


def _experiment(client: Any) -> str:
    """The id of the experiment, which another process may create at the same time."""
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    from mlflow.exceptions import MlflowException

    try:
        found = client.get_experiment_by_name(name)
        return str(found.experiment_id if found else client.create_experiment(name))
    except MlflowException:
        found = client.get_experiment_by_name(name)
        if found is None:
            raise
        return str(found.experiment_id)


def _as_name(path: str) -> str:
    """A path as MLflow allows it."""
    return re.sub(r"[^\w.:/ -]", "_", path)[:LONGEST_NAME]

"""A run's folder: every file name, defined once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunFolder:
    """The paths of one run."""

    path: Path

    @property
    def id(self) -> str:
        """The run's id, which is the folder's name."""
        return self.path.name

    @property
    def spec(self) -> Path:
        """The resolved spec, complete."""
        return self.path / "spec.yaml"

    @property
    def source(self) -> Path:
        """The file as the user wrote it."""
        return self.path / "source.yaml"

    @property
    def run(self) -> Path:
        """What the run was made from and on: command, versions, host, device, digests."""
        return self.path / "run.json"

    @property
    def history(self) -> Path:
        """When training started and ended, and how: one row each."""
        return self.path / "history.jsonl"

    @property
    def metrics(self) -> Path:
        """One row for each epoch."""
        return self.path / "metrics.jsonl"

    @property
    def log(self) -> Path:
        """What was printed, TensorFlow's own messages, and the traceback of a failure."""
        return self.path / "log.txt"

    @property
    def lock(self) -> Path:
        """Held by the process that trains the run."""
        return self.path / ".lock"

    @property
    def checkpoints(self) -> Path:
        """What an interrupted training resumes from."""
        return self.path / "checkpoints"

    @property
    def origin(self) -> Path:
        """What of other runs this one started from."""
        return self.path / "origin"

    @property
    def pretrained(self) -> Path:
        """A copy of the pretrained network whose weights it started with."""
        return self.origin / "model.keras"

    @property
    def pretraining(self) -> Path:
        """One row for each epoch of its pretraining."""
        return self.path / "pretraining.jsonl"

    @property
    def model(self) -> Path:
        """The best weights as a plain Keras model."""
        return self.path / "model.keras"

    @property
    def last_model(self) -> Path:
        """The weights of the last epoch as a plain Keras model."""
        return self.path / "last.keras"

    @property
    def predictions(self) -> Path:
        """Predictions and labels on validation and test."""
        return self.path / "predictions.npz"

    @property
    def summary(self) -> Path:
        """The result; written last, its presence means finished."""
        return self.path / "summary.json"

    @property
    def tensorboard(self) -> Path:
        """Event files."""
        return self.path / "tensorboard"

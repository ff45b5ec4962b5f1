"""The folder of a run: every file name, defined once."""

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
        """The complete, resolved spec."""
        return self.path / "spec.yaml"

    @property
    def source(self) -> Path:
        """The spec as the user wrote it."""
        return self.path / "source.yaml"

    @property
    def run(self) -> Path:
        """How the run was created: command, versions, host, device, digests."""
        return self.path / "run.json"

    @property
    def history(self) -> Path:
        """One row for each start and end of training."""
        return self.path / "history.jsonl"

    @property
    def metrics(self) -> Path:
        """One row for each epoch."""
        return self.path / "metrics.jsonl"

    @property
    def log(self) -> Path:
        """Printed lines, TensorFlow's messages, and the traceback of a failure."""
        return self.path / "log.txt"

    @property
    def lock(self) -> Path:
        """Held by the process that trains the run."""
        return self.path / ".lock"

    @property
    def checkpoints(self) -> Path:
        """The checkpoints that an interrupted run resumes from."""
        return self.path / "checkpoints"

    @property
    def origin(self) -> Path:
        """Copies of what the run started from: a parent's checkpoint, a pretrained network."""
        return self.path / "origin"

    @property
    def pretrained(self) -> Path:
        """A copy of the pretrained network that the run reuses."""
        return self.origin / "model.keras"

    @property
    def pretraining(self) -> Path:
        """One row for each epoch of the pretraining."""
        return self.path / "pretraining.jsonl"

    @property
    def probe(self) -> Path:
        """One row for each layer and probed epoch."""
        return self.path / "probe.jsonl"

    @property
    def model(self) -> Path:
        """The best weights as a plain Keras model."""
        return self.path / "model.keras"

    @property
    def last_model(self) -> Path:
        """The weights of the last epoch as a plain Keras model."""
        return self.path / "last.keras"

    @property
    def encoding(self) -> Path:
        """How the columns of a table are encoded, for readers without Keras."""
        return self.path / "encoding.json"

    @property
    def predictions(self) -> Path:
        """Predictions and labels on validation and test."""
        return self.path / "predictions.npz"

    @property
    def summary(self) -> Path:
        """The result. It is written last: if it exists, the run is finished."""
        return self.path / "summary.json"

    @property
    def labels(self) -> Path:
        """The name, tags and note that a user gave the run after it was created."""
        return self.path / "labels.json"

    @property
    def tensorboard(self) -> Path:
        """Event files for TensorBoard."""
        return self.path / "tensorboard"

"""The contents of run.json, summary.json and history.jsonl as types. No other module looks up their keys by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dnnctl.store.difference import Change

Metrics = dict[str, float | None]
"""Metrics by name; infinite and NaN values are None."""
Row = dict[str, Any]
"""An epoch's row of metrics.jsonl: `epoch`, `step`, `seconds`, `learning_rate`, and every metric."""


@dataclass(frozen=True)
class DataFacts:
    """The identity of a run's data."""

    digest: str
    """SHA-256 of all examples of the source, in hexadecimal."""
    split: str
    """SHA-256 of the row numbers of training and validation, in hexadecimal."""


@dataclass(frozen=True)
class TargetFacts:
    """What a run predicts."""

    task: str
    """`classes`, `labels` or `numbers`."""
    names: tuple[str, ...] = ()
    """The classes in the order of their numbers, or the labels, or the columns of several numbers; empty if the targets
    have no names."""
    trivial: tuple[float, ...] = ()
    """The trivial prediction: the number of the most frequent class, or the most frequent value of each label, or the
    mean of each number, in the training split."""
    counts: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """By split, the number of examples of each class, or with each label; empty for numbers."""


@dataclass(frozen=True)
class DeviceFacts:
    """The device that a run was trained on."""

    kind: str
    """`cpu` or `gpu`."""
    name: str
    threads: int = 0
    """CPU threads for one operation; 0 means one for each core."""
    software: dict[str, str] = field(default_factory=dict)
    """Of a GPU: its compute capability, and the versions of CUDA, cuDNN and the driver."""
    replicas: int = 1
    """The number of replicas that share the examples of a batch."""


@dataclass(frozen=True)
class CompileFacts:
    """How training steps were compiled."""

    mode: str
    """`xla` or `graph`."""
    reason: str = ""


@dataclass(frozen=True)
class GitFacts:
    """The Git repository that a run was started in."""

    commit: str
    changed: bool = False
    """Whether tracked files had uncommitted changes."""


@dataclass(frozen=True)
class FoundRate:
    """What a learning-rate range test found."""

    max_rate: float
    reason: str = ""


@dataclass(frozen=True)
class ParentFacts:
    """The parent of a fork: the run that it started from."""

    run: str
    checkpoint: str
    epoch: int
    step: int
    data: DataFacts | None = None
    rate_finder: dict[str, FoundRate] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    """The keys of the spec that differ from the parent's."""


@dataclass(frozen=True)
class ReuseFacts:
    """The pretrained network that a run reuses."""

    path: str
    """The path of its file when the run was created; the run keeps a copy."""
    sha256: str
    run: str | None = None
    """The id of the run that it comes from, if any."""
    layers: tuple[str, ...] = ()
    """The layers whose weights were copied."""


@dataclass(frozen=True)
class PrunedLayer:
    """The zeros in the kernel of one layer."""

    name: str
    n: int
    """The number of weights in the kernel."""
    zeros_before: int
    zeros: int


@dataclass(frozen=True)
class PrunedFacts:
    """What `prune` did to the weights of another run."""

    run: str
    """The run that was pruned."""
    threshold: float
    """Kernel weights below it in magnitude were set to zero."""
    sparsity: float
    """The fraction of zeros in all kernels."""
    layers: tuple[PrunedLayer, ...] = ()
    before: dict[str, Metrics | None] = field(default_factory=dict)
    """Loss and metrics on validation and test."""
    after: dict[str, Metrics | None] = field(default_factory=dict)


@dataclass(frozen=True)
class TrialFacts:
    """The trial of a sweep that a run is."""

    sweep: str
    """The name of the sweep."""
    number: int
    """The number of the trial, from 1."""
    setting: dict[str, Any] = field(default_factory=dict)
    """The value of each parameter by its path in the spec."""
    based_on: str = ""
    """The finished trials that the setting was chosen from, as in `1-4, 6`; all other earlier ones were running."""
    confirms: int | None = None
    """The number among the fresh seeds with which this run repeats the setting of the trial; None for the trial."""
    stopped: int | None = None
    """The epoch after which the sweep stopped the trial early."""
    reason: str = ""
    """Why it was stopped."""
    plan: dict[str, Any] = field(default_factory=dict)
    """The sweep as plain values."""
    identity: str = ""
    """SHA-256 of everything that the sweep's settings and scores depend on, in hexadecimal."""


@dataclass(frozen=True)
class LayerFacts:
    """One layer of the model."""

    name: str
    shape: str
    """The shape of its output, without the batch."""
    parameters: int


@dataclass(frozen=True)
class RunFacts:
    """run.json: how a run was created. Fields that are known only in training are None before it."""

    id: str = ""
    name: str = ""
    created: str = ""
    """The time in ISO 8601."""
    command: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    seed: int | None = None
    spec_digest: str = ""
    spec: dict[str, Any] = field(default_factory=dict)
    """The complete spec as plain values, for readers without YAML."""
    versions: dict[str, str | None] = field(default_factory=dict)
    git: GitFacts | None = None
    host: str = ""
    platform: str = ""
    processor: str | None = None
    cpus: int | None = None
    parent: ParentFacts | None = None
    reuse: ReuseFacts | None = None
    pruned: PrunedFacts | None = None
    trial: TrialFacts | None = None
    data: DataFacts | None = None
    target: TargetFacts | None = None
    input_range: tuple[float, ...] = ()
    """The smallest and the largest value of the training inputs, if these are arrays of floats."""
    device: DeviceFacts | None = None
    compile: CompileFacts | None = None
    parameters: int | None = None
    layers: tuple[LayerFacts, ...] = ()
    rate_finder: dict[str, FoundRate] = field(default_factory=dict)
    """The results of range tests, by the number of the phase in which the schedule starts."""


@dataclass(frozen=True)
class WeightsResult:
    """The metrics of the weights of one epoch."""

    epoch: int
    """The epoch that ended with these weights."""
    validation: Metrics | None = None
    test: Metrics | None = None


@dataclass(frozen=True)
class FileSeal:
    """The identity of a file at the end of training."""

    sha256: str
    n_bytes: int


@dataclass(frozen=True)
class Summary:
    """summary.json: the result of a finished run. `validation` and `test` are the metrics of the best weights."""

    epochs: int
    monitor: str
    """The metric that chose the best epoch."""
    best_epoch: int = 0
    id: str = ""
    name: str = ""
    stopped_early: bool = False
    steps: int = 0
    best: Row = field(default_factory=dict)
    """The row of the best epoch."""
    parameters: int | None = None
    task: str | None = None
    """`classes`, `labels` or `numbers`."""
    loss: str | None = None
    target_scaling: str | None = None
    """`standardize` or `log`, if the loss is that of scaled targets."""
    device: str | None = None
    compile: str | None = None
    training_seconds: float | None = None
    validation: Metrics | None = None
    test: Metrics | None = None
    last: WeightsResult | None = None
    """The metrics of the weights of the last epoch."""
    baseline: dict[str, Metrics] = field(default_factory=dict)
    """By split: the metrics of always predicting the most frequent class, or the mean, of the training split."""
    targets: dict[str, dict[str, Metrics]] = field(default_factory=dict)
    """By split and target: the metrics of the best weights on each of several target numbers."""
    state: str | None = None
    """SHA-256 of all variables at the end of training, in hexadecimal."""
    seconds: float | None = None
    files: dict[str, Any] = field(default_factory=dict)
    """A `FileSeal` for each file of the finished run, by its path in the folder. Read only when it is needed, because
    `list` reads thousands of summaries."""
    seal: str | None = None
    """SHA-256 of everything else in summary.json, in hexadecimal; None in runs of versions that did not write it."""

    @property
    def scaled_loss(self) -> str | None:
        """The loss, with the scaling of its targets: losses with different ones are on different scales."""
        return f"{self.loss} with target_scaling {self.target_scaling}" if self.target_scaling else self.loss

    @property
    def result_split(self) -> str:
        """The split whose result counts: test if there is one, otherwise validation."""
        return "test" if self.test else "validation"

    def measured(self, role: str) -> Metrics:
        """The metrics of the best weights on `validation` or `test`; empty if there is no such split."""
        return (self.validation if role == "validation" else self.test) or {}


@dataclass(frozen=True)
class ExportFacts:
    """An export of a run's network, and how its answers differ from those of the network."""

    format: str
    path: str
    """Its folder when it was written."""
    weights: str = "best"
    quantize: str | None = None
    n_rows: int = 0
    """The number of rows of the run's data that were compared."""
    difference: float | None = None
    """The largest absolute difference of an answer."""
    relative: float | None = None
    """The same in relation to the scale of the answers; it decides."""
    limit: float | None = None
    """The largest relative difference that is accepted; None if the export is quantized."""
    changed: int | None = None
    """The number of rows with another decision; None if numbers are predicted."""
    runtime: str = ""
    """What answered: `onnxruntime 1.32.0`."""
    before: Metrics = field(default_factory=dict)
    """Quantized exports: the metrics of the network on validation rows."""
    after: Metrics = field(default_factory=dict)
    """The same for the export."""


@dataclass(frozen=True)
class HistoryEntry:
    """A row of history.jsonl: a start, a restored checkpoint, a roll-back or an end of training, or an export."""

    event: str
    """`started`, `resumed`, `forked`, `restored`, `rolled_back`, `ended` or `exported`."""
    time: str | None = None
    end: str | None = None
    """The status that training ended with."""
    reason: str | None = None
    epoch: int | None = None
    """The number of epochs that were finished at the end."""
    exit_code: int | None = None
    """The exit code that its process ended with, if it did not finish training."""
    pid: int | None = None
    host: str | None = None
    checkpoint: str | None = None
    """The checkpoint that training continued from; None if it started from scratch."""
    initial_epoch: int | None = None
    step: int | None = None
    damaged: tuple[str, ...] = ()
    approximate: tuple[str, ...] = ()
    reset: tuple[str, ...] = ()
    is_origin: bool = False
    seal: str | None = None
    """The seal of summary.json at the end of a finished training."""
    export: ExportFacts | None = None
    number: int | None = None
    """The number of a roll-back in its run, from 1."""
    factor: float | None = None
    """The factor of all learning rates after a roll-back, with those of the earlier ones."""

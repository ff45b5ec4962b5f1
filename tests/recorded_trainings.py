"""500 recorded trainings of small nets: a function with real noise on which searches can be tested without training.

    python tests/recorded_trainings.py    # trains them again with `dnnctl.sweep` and writes the table

The nets have two hidden layers and see 1,000 images of the bundled Fashion-MNIST sample for 6 epochs. A row of the
table has the setting and the validation loss after each epoch; a loss that is not finite is empty.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, log
from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).parent / "search" / "recorded_trainings.csv"
RATE, UNITS, ACTIVATION, MOMENTUM = KEYS = (
    "optimizer.learning_rate",
    "model.layers.1.units",
    "model.defaults.activation",
    "optimizer.momentum",
)
RATES = [float(f"{10 ** (-4 + 5 * step / 9):.3g}") for step in range(10)]
VALUES: dict[str, list[Any]] = {
    RATE: RATES,
    UNITS: [4, 8, 16, 32, 64],
    ACTIVATION: ["relu", "selu", "elu", "tanh", "sigmoid"],
    MOMENTUM: [0.0, 0.9],
}
N_EPOCHS = 6
SPEC = {
    "name": "recorded",
    "data": {
        "source": "fashion_mnist_sample",
        "limit": 1000,
        "validation": {"size": 1000, "take": "last"},
        "scaling": "standardize",
    },
    "model": {"layers": ["flatten", {"kind": "dense", "units": 8}, {"kind": "dense", "units": 20}]},
    "optimizer": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.0},
    "training": {"batch_size": 50, "epochs": N_EPOCHS},
    "runtime": {"compile": "graph"},
}
PARAMETERS: dict[str, Any] = {
    RATE: {"from": RATES[0], "to": RATES[-1], "scale": "log"},
    UNITS: {"from": 4, "to": 64, "scale": "log"},
    ACTIVATION: VALUES[ACTIVATION],
    MOMENTUM: VALUES[MOMENTUM],
}
"""The parameters of a sweep over the same settings: ranges stand for the recorded values in them."""


@dataclass(frozen=True)
class Recorded:
    """A recorded training."""

    setting: tuple[Any, ...]
    curve: Mapping[int, float]
    """The validation loss after each epoch in which it is finite."""

    @property
    def loss(self) -> float:
        """The loss at the best epoch."""
        return min(self.curve.values(), default=inf)


class Table:
    """All recorded trainings."""

    def __init__(self) -> None:
        with PATH.open(newline="") as file:
            rows = [_parsed(row) for row in csv.DictReader(file)]
        self.trainings = {row.setting: row for row in rows}

    def at(self, setting: Mapping[str, Any]) -> Recorded:
        """The recorded training that is nearest to a setting, by factors."""
        return self.trainings[tuple(_nearest(VALUES[key], setting[key]) for key in KEYS)]

    def threshold(self, fraction: float) -> float:
        """The loss of the last setting among the best ones, which are this fraction of all."""
        losses = sorted(each.loss for each in self.trainings.values())
        return losses[round(len(losses) * fraction) - 1]


def _nearest(values: list[Any], value: Any) -> Any:
    return value if value in values else min(values, key=lambda each: abs(log(each / value)))


def _parsed(row: Mapping[str, str]) -> Recorded:
    setting = (float(row[RATE]), int(row[UNITS]), row[ACTIVATION], float(row[MOMENTUM]))
    curve = {epoch: float(text) for epoch in range(1, N_EPOCHS + 1) if (text := row[f"epoch {epoch}"])}
    return Recorded(setting, curve)


def main(directory: Path) -> None:
    """Train all settings in a directory, where an interrupted recording continues, and write the table."""
    from dnnctl import sweep

    directory.mkdir(parents=True, exist_ok=True)
    (directory / "spec.yaml").write_text(yaml.safe_dump(SPEC, sort_keys=False))
    plain = {"spec": "spec.yaml", "parameters": VALUES, "search": "grid", "objective": {"metric": "val_loss"}}
    (directory / "recorded.yaml").write_text(yaml.safe_dump(plain, sort_keys=False))
    result = sweep(directory / "recorded.yaml", runs_dir=directory / "runs", notify=print)
    with PATH.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        epochs = range(1, N_EPOCHS + 1)
        table.writerow([*KEYS, *(f"epoch {epoch}" for epoch in epochs)])
        for trial in result.trials:
            curve = trial.curve("val_loss")
            losses = [f"{curve[epoch]:.5g}" if epoch in curve else "" for epoch in epochs]
            table.writerow([*trial.facts.setting.values(), *losses])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))

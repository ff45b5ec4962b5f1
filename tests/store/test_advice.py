"""What a user types after a run has diverged: the clip goes to the optimizer that was training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dnnctl.store.advice import recovery_command
from dnnctl.store.blueprint import Blueprint
from dnnctl.store.writer import RunWriter

OWN = {"kind": "sgd", "learning_rate": 9.0}
SECOND_OWN = [{"epochs": 1, "optimizer": "same"}, {"epochs": 2, "optimizer": OWN}]
FIRST_OWN = [{"epochs": 1, "optimizer": OWN}, {"epochs": 2, "optimizer": "same"}]


@pytest.mark.parametrize(
    ("training", "epochs", "path"),
    [
        ({"phases": "none", "pretraining": "none"}, 0, "optimizer"),
        ({"phases": SECOND_OWN}, 0, "optimizer"),
        ({"phases": SECOND_OWN}, 1, "training.phases.1.optimizer"),
        ({"phases": FIRST_OWN}, 2, "training.phases.0.optimizer"),
        ({"phases": "none", "pretraining": {"kind": "gan", "optimizer": OWN}}, 0, "training.pretraining.optimizer"),
        ({"phases": "none", "pretraining": {"kind": "gan", "optimizer": "same"}}, 0, "optimizer"),
        ({"phases": "none", "pretraining": {"kind": "gan", "optimizer": OWN}}, 1, "optimizer"),
        ("damaged", 0, "optimizer"),
        ({"phases": [{"epochs": "x"}, {"epochs": [1]}, {"epochs": 2, "optimizer": OWN}]}, 1,
         "training.phases.2.optimizer"),
    ],
)  # fmt: skip
def test_the_clip_is_that_of_the_optimizer_that_diverged(training: Any, epochs: int, path: str, tmp_path: Path) -> None:
    with RunWriter.create(tmp_path, Blueprint("net", "beef", "", "", plain={"training": training})) as writer:
        for epoch in range(1, epochs + 1):
            writer.append_row({"epoch": epoch, "step": epoch, "seconds": 1.0, "loss": 1.0})
        assert recovery_command(writer.read()).endswith(f" --set {path}.clip=norm")

"""What is recorded about a data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dnnctl.data.describe import describe, describe_target
from dnnctl.data.load import load_data
from dnnctl.specs.data import Data


@pytest.mark.parametrize("task", ["classes", "labels", "numbers"])
def test_the_examples_of_each_class_or_label_are_counted_in_each_split(task: str, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    inputs = draw.random((60, 4), np.float32)
    targets = {
        "classes": np.r_[draw.permutation(np.arange(40) % 3), np.arange(20) % 2],
        "labels": draw.integers(0, 2, (60, 3)),
        "numbers": draw.random((60, 3)),
    }[task]
    path = tmp_path / "data.npz"
    np.savez(path, x_train=inputs[:40], y_train=targets[:40], x_test=inputs[40:], y_test=targets[40:])
    source = {"kind": "npz", "path": str(path), "task": task}
    dataset = load_data(Data.model_validate({"source": source, "validation": {"size": 10}}), seed=1)
    found = describe_target(dataset)
    if task == "numbers":
        assert found.counts == {}
        return
    columns = targets if task == "labels" else targets[:, None] == np.arange(3)
    assert found.counts["test"] == tuple(columns[40:].sum(axis=0))
    together = np.add(found.counts["train"], found.counts["validation"])
    assert together.tolist() == columns[:40].sum(axis=0).tolist()
    if task == "classes":
        described = describe(dataset, is_built_in=False).classes
        assert [(each.train, each.validation, each.test) for each in described] == list(
            zip(*(found.counts[split] for split in ("train", "validation", "test")), strict=True)
        )

"""`dnnctl data` describes what training will see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dnnctl.commands.data import describe_data
from dnnctl.data.load import load_data
from dnnctl.errors import DataError
from dnnctl.events.event import Event, Warned
from dnnctl.specs import load
from sample_specs import write_spec


def test_the_counts_are_those_of_the_loaded_data(tmp_path: Path) -> None:
    spec = write_spec(tmp_path)
    found, dataset = describe_data(spec), load_data(load(spec).spec.data, seed=load(spec).spec.seed)
    assert (found.n_train, found.n_validation, found.n_test) == tuple(
        len(part) for part in (dataset.train, dataset.validation, dataset.test)
    )
    for number, each in enumerate(found.classes):
        assert each.train == np.sum(dataset.train.targets == number)
        assert each.validation == np.sum(dataset.validation.targets == number)
        assert each.test == np.sum(dataset.test.targets == number)
    assert (found.input_shape, found.input_type) == (dataset.train.inputs.shape[1:], "uint8")


def test_test_examples_that_are_training_examples_are_reported(tmp_path: Path) -> None:
    rows = np.arange(40, dtype=np.float32).reshape(20, 2)
    labels = np.arange(20) % 2
    np.savez(tmp_path / "a.npz", x_train=rows, y_train=labels, x_test=rows[:3], y_test=labels[:3])
    seen: list[Event] = []
    describe_data(write_spec(tmp_path, data={"source": {"kind": "npz", "path": "a.npz"}}), report=seen.append)
    assert [event.message[:47] for event in seen if isinstance(event, Warned)] == [
        "3 of the 3 test examples have the same inputs a"
    ]


def test_missing_data_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        describe_data(write_spec(tmp_path, data={"source": {"kind": "npz", "path": "missing.npz"}}))

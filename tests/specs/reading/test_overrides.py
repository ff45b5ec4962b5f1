from __future__ import annotations

from typing import Any

import pytest

from dnnctl.specs.reading.overrides import apply_overrides
from dnnctl.specs.reading.yaml_reader import read_text

DOCUMENT = "{optimizer: nadam, training: {epochs: 3}, model: {layers: [flatten, {kind: dense, units: 5}]}, name: a}"


def applied(*overrides: str) -> Any:
    document, faults = apply_overrides(read_text(DOCUMENT, "a.yaml")[0], overrides)
    assert not faults
    return document.plain()


def test_values_are_typed_as_yaml_types_them() -> None:
    found = applied(
        "training.epochs=5", "optimizer.learning_rate=1e-3", "a=true", "b=[1, x]", "c={d: 1}", 'e="5"', "f=a=b"
    )
    assert found["training"]["epochs"] == 5
    assert found["optimizer"] == {"kind": "nadam", "learning_rate": 1e-3}
    assert (found["a"], found["b"], found["c"], found["e"], found["f"]) == (True, [1, "x"], {"d": 1}, "5", "a=b")


def test_list_entries_are_reached_by_index() -> None:
    layers = applied("model.layers.1.units=7", "model.layers.0=batch_norm")["model"]["layers"]
    assert layers == ["batch_norm", {"kind": "dense", "units": 7}]


def test_later_overrides_win() -> None:
    assert applied("training.epochs=5", "training.epochs=6")["training"]["epochs"] == 6


@pytest.mark.parametrize(
    "override", ["x", "=5", "a..b=1", "a=", "model.layers.2.units=1", "model.layers.x=1", "training.epochs.x=1", "a=[1"]
)
def test_what_cannot_be_set_is_a_fault_that_quotes_the_override(override: str) -> None:
    _, faults = apply_overrides(read_text(DOCUMENT, "a.yaml")[0], [override])
    assert len(faults) == 1
    assert faults[0].place is not None
    assert faults[0].place.file.startswith(f"--set {override}")

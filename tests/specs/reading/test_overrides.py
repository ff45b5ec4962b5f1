from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dnnctl.errors import SpecError
from dnnctl.specs import load_spec
from dnnctl.specs.reading.overrides import apply_overrides
from dnnctl.specs.reading.yaml_reader import read_text

DOCUMENT = "{optimizer: nadam, training: {epochs: 3}, model: {layers: [flatten, {kind: dense, units: 5}]}, name: a}"


def applied(*overrides: str) -> Any:
    document, faults = apply_overrides(read_text(DOCUMENT, "a.yaml")[0], overrides)
    assert not faults
    return document.plain()


def test_values_are_read_as_yaml() -> None:
    found = applied(
        "training.epochs=5", "optimizer.learning_rate=1e-3", "a=true", "b=[1, x]", "c={d: 1}", 'e="5"', "f=a=b"
    )
    assert found["training"]["epochs"] == 5
    assert found["optimizer"] == {"kind": "nadam", "learning_rate": 1e-3}
    assert (found["a"], found["b"], found["c"], found["e"], found["f"]) == (True, [1, "x"], {"d": 1}, "5", "a=b")


def test_entries_of_lists_are_set_by_index() -> None:
    layers = applied("model.layers.1.units=7", "model.layers.0=batch_norm")["model"]["layers"]
    assert layers == ["batch_norm", {"kind": "dense", "units": 7}]


def test_later_overrides_win() -> None:
    assert applied("training.epochs=5", "training.epochs=6")["training"]["epochs"] == 6


@pytest.mark.parametrize(
    "override", ["x", "=5", "a..b=1", "a=", "model.layers.2.units=1", "model.layers.x=1", "training.epochs.x=1", "a=[1"]
)
def test_an_override_that_cannot_be_applied_is_a_fault_that_quotes_it(override: str) -> None:
    _, faults = apply_overrides(read_text(DOCUMENT, "a.yaml")[0], [override])
    assert len(faults) == 1
    assert faults[0].place is not None
    assert faults[0].place.file.startswith(f"--set {override}")


@pytest.mark.parametrize(
    "override",
    [
        "a\udcff=1",
        "a=\udcff",
        "a=\0",
        "training.epochs=" + "7" * 5000,
        "model.layers." + "1" * 5000 + ".units=3",
        "model.layers.²=3",
        "model.layers.٣=3",
        ".".join(["a"] * 51) + "=1",
        ".".join(["a"] * 5000) + "=1",
        "a" * 100_000,
        "a=" + "[" * 60,
    ],
    ids=lambda override: ascii(override)[:20],
)
def test_a_hostile_override_is_a_short_fault(override: str) -> None:
    _, faults = apply_overrides(read_text(DOCUMENT, "a.yaml")[0], [override])
    text = str(SpecError(faults))
    assert "--set" in text
    assert len(text.splitlines()) <= 3
    assert len(text) < 1000
    text.encode()


FILE = """
data: {source: mnist}
model:
  defaults: {regularizer: none, activation: relu}
  layers: [flatten, {kind: dense, units: 5, dropout: {kind: dropout, rate: 0.1}}]
  output: auto
training: {phases: [{epochs: 1}]}
"""


@pytest.mark.parametrize(
    ("override", "path", "expected"),
    [
        ("model.output.activation=softmax", "model.output.activation.kind", "softmax"),
        ("model.output.units=10", "model.output.units", 10),
        ("optimizer.learning_rate=0.5", "optimizer.learning_rate", 0.5),
        ("optimizer.learning_rate=0.5", "optimizer.kind", "sgd"),
        ("optimizer.kind=nadam", "optimizer.kind", "nadam"),
        ("optimizer.clip.kind=norm", "optimizer.clip.kind", "norm"),
        ("schedule.kind=cosine", "schedule.kind", "cosine"),
        ("data.validation.size=50", "data.validation.size", 50),
        ("training.early_stopping.monitor=loss", "training.early_stopping.monitor", "loss"),
        ("training.checkpoint.every.steps=5", "training.checkpoint.every.steps", 5),
        ("model.defaults.regularizer.kind=l2", "model.defaults.regularizer.kind", "l2"),
        ("model.layers.1.dropout.rate=0.3", "model.layers.1.dropout.rate", 0.3),
        ("model.layers.1.regularizer.kind=l1", "model.layers.1.regularizer.kind", "l1"),
        ("data.source.kind=cifar10", "data.source.kind", "cifar10"),
    ],
)
def test_a_key_inside_a_word_or_an_absent_key_can_be_set(
    override: str, path: str, expected: object, tmp_path: Path
) -> None:
    """The word, or the default, becomes the mapping that it stands for."""
    file = tmp_path / "a.yaml"
    file.write_text(FILE)
    found: Any = load_spec(file, [override])
    for key in path.split("."):
        found = found[int(key)] if key.isdecimal() else getattr(found, key)
    assert found == expected


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("schedule.warmup.steps=5", "schedule: the key 'kind' is missing"),
        ("model.defaults.regularizer.strength=0.1", "model.defaults.regularizer: the key 'kind' is missing"),
        ("model.defaults.activation.slope=0.1", "unknown key 'slope'"),
        ("metrics.0=accuracy", "metrics: is not a list in the file"),
        ("data.classes.0=1", "data.classes: is not a list in the file"),
        ("model.output.activaton=relu", "unknown key 'activaton'"),
    ],
)
def test_an_override_that_leaves_the_kind_open_is_a_fault(override: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(FILE)
    with pytest.raises(SpecError) as caught:
        load_spec(file, [override])
    assert message in str(caught.value)
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    ("layers", "rule"),
    [
        ("[flatten]", "is a list of 1 entry, numbered 0"),
        ("[flatten, flatten]", "is a list of 2 entries, numbered 0 to 1"),
        ("[]", "is an empty list"),
    ],
)
def test_an_index_that_is_too_large_is_refused(layers: str, rule: str) -> None:
    _, (fault,) = apply_overrides(read_text(f"{{layers: {layers}}}", "a.yaml")[0], ["layers.5=flatten"])
    assert (fault.rule, fault.received) == (rule, "'5'")

"""A value in a form that a spec does not have is answered with how to write it, and that can be written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dnnctl.errors import SpecError
from dnnctl.specs import load, to_plain

FINE = """data: {source: mnist, validation: none}
model: {defaults: {dropout: none}, output: auto, layers: [flatten, {kind: dense, units: 5}]}
loss: auto
seed: 3
metrics: auto
optimizer: {kind: sgd, nesterov: true, momentum: 0.9}
schedule: none
training: {epochs: 3, early_stopping: none}
"""
DENSE = "{kind: dense, units: 5}"
OPTIMIZER = "optimizer: {kind: sgd, nesterov: true, momentum: 0.9}"

MEANT = {
    # what is written: (text to replace, replacement, what the hint says to write instead of the replacement)
    "an object": (OPTIMIZER, "optimizer: Adam(lr=0.001)", "optimizer: {kind: adam, learning_rate: 0.001}"),
    "a number without a name": (OPTIMIZER, "optimizer: SGD(0.1)", "optimizer: {kind: sgd, learning_rate: 0.1}"),
    "a class": (OPTIMIZER, "optimizer: torch.optim.AdamW", "optimizer: adamw"),
    "an object of Keras": (
        OPTIMIZER,
        "optimizer: keras.optimizers.SGD(learning_rate=0.1, momentum=0.9, nesterov=True)",
        "optimizer: {kind: sgd, learning_rate: 0.1, momentum: 0.9, nesterov: true}",
    ),
    "a kind as a key": (OPTIMIZER, "optimizer: {adam: {lr: 0.1}}", "optimizer: {kind: adam, learning_rate: 0.1}"),
    "a list of one": (OPTIMIZER, "optimizer: [Adam]", "optimizer: adam"),
    "a layer as code": (DENSE, "\"Dense(64, activation='relu')\"", "{kind: dense, units: 64, activation: relu}"),
    "a layer that YAML cuts": (DENSE, "Dense(64", "{kind: dense, units: 64}"),
    "units only": (DENSE, "64", "{kind: dense, units: 64}"),
    "a layer as a key": (DENSE, "{Linear: 64}", "{kind: dense, units: 64}"),
    "a dropout as code": ("dropout: none", "dropout: Dropout(0.3)", "dropout: {kind: dropout, rate: 0.3}"),
    "a layer as a key among others": (
        DENSE,
        "{dense: 64, activation: relu}",
        "{kind: dense, units: 64, activation: relu}",
    ),
    "keys without a kind": (DENSE, "{units: 7, activation: relu}", "{kind: dense, units: 7, activation: relu}"),
    "a type": (OPTIMIZER, "optimizer: {type: Adam, beta_1: 0.8}", "optimizer: {kind: adam, beta_1: 0.8}"),
    "arguments in order": (DENSE, '"Conv2D(32, 5)"', "{kind: conv2d, filters: 32, kernel_size: 5}"),
    "a device": ("seed: 3", "runtime: cuda", "runtime: {device: gpu}"),
    "an output": ("output: auto", "output: Sigmoid", "output: {activation: sigmoid}"),
    "a word for a list": ("metrics: auto", "metrics: acc", "metrics: [accuracy]"),
    "yes": ("nesterov: true", "nesterov: yes", "nesterov: true"),
    "off": ("nesterov: true", "nesterov: OFF", "nesterov: false"),
    "yes for a mapping": ("dropout: none", "dropout: yes", "dropout: {kind: dropout, rate: 0.2}"),
    "no for a mapping": ("early_stopping: none", "early_stopping: false", "early_stopping: none"),
    "a percentage": ("validation: none", "validation: 20 %", "validation: {size: 0.2}"),
    "the data set only": ("{source: mnist, validation: none}", "Fashion-MNIST", "data: {source: fashion_mnist}"),
    "a number of a schedule": ("schedule: none", "schedule: {cosine: 5}", "schedule: cosine"),
}


def refusal(text: str, folder: Path) -> str:
    path = folder / "x.yaml"
    path.write_text(text)
    with pytest.raises(SpecError) as refused:
        load(path)
    (fault,) = refused.value.faults
    return fault.hint


@pytest.mark.parametrize("name", MEANT)
def test_what_the_hint_says_can_be_written(name: str, tmp_path: Path) -> None:
    old, new, meant = MEANT[name]
    assert FINE.count(old) == 1
    assert refusal(FINE.replace(old, new), tmp_path) == f"Write `{meant}`."
    replaced = FINE.replace(f"data: {old}" if meant.startswith("data") else old, meant)
    (tmp_path / "y.yaml").write_text(replaced)
    assert to_plain(load(tmp_path / "y.yaml").spec)


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        (
            "{defaults: {dropout: none}, output: auto, layers: [flatten, {kind: dense, units: 5}]}",
            "[64, 64]",
            "`model: {layers: […]}`",
        ),
        (
            "{defaults: {dropout: none}, output: auto, layers: [flatten, {kind: dense, units: 5}]}",
            "mlp",
            "`model: {layers: […]}`",
        ),
        ("[flatten, {kind: dense, units: 5}]", "64", "`layers: [{kind: dense, units: 64}]`"),
        ("[flatten, {kind: dense, units: 5}]", "{dense: 64}", "`layers: [{kind: dense, units: 64}]`"),
        ("flatten", "ReLU", "`activation: relu` in the layer before it"),
        ("flatten", "softmax", "Remove it: the output layer is added"),
        ("source: mnist", "source: {kind: images, path: photos, size: 24x24}", "Write `size: [24, 24]`."),
        ("source: mnist", "source: {path: photos/}", "Write `source: {kind: images, path: photos/}`."),
        ("source: mnist", "source: {path: a.tsv, target: y}", "Write `source: {kind: csv, path: a.tsv, target: y}`."),
        ("schedule: none", "schedule: {steps: 5}", "Or another kind: exponential, cosine, polynomial."),
    ],
)
def test_where_a_form_belongs_is_said(old: str, new: str, hint: str, tmp_path: Path) -> None:
    assert hint in refusal(FINE.replace(old, new), tmp_path)


@pytest.mark.parametrize("word", ["Nonsense(lr=3)", "os.system('x')", "Adam(lr=[1, 2])", "(", "a.b.c(", "sgd(((0.1"])
def test_code_that_means_nothing_gets_the_list_of_words(word: str, tmp_path: Path) -> None:
    hint = refusal(FINE.replace(OPTIMIZER, f'optimizer: "{word}"'), tmp_path)
    assert "Allowed: sgd, " in hint or re.fullmatch(r"Write `optimizer: \w+`\.", hint)

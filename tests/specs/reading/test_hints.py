"""The hint for an unknown key or word names the right one, and the section that it belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.errors import SpecError
from dnnctl.specs import load
from dnnctl.specs.experiment import Spec
from dnnctl.specs.reading.aliases import ADVICE, KEYS, WORDS
from dnnctl.specs.reading.hints import key_paths, squash
from dnnctl.specs.reading.introspection import alternatives, keys_of, kinds_of, members, sections_of, words_of

FINE = """data: {source: mnist, validation: {size: 10}, scaling: unit}
model: {defaults: {activation: relu}, layers: [flatten, {kind: dense, units: 5}]}
loss: auto
metrics: [accuracy]
optimizer: {kind: sgd, momentum: 0.9}
schedule: {kind: power, steps: 5}
training: {epochs: 3}
runtime: {device: cpu}
"""

HINTS = {
    # the key or word: (text to replace, replacement, the hint)
    "lr": ("momentum: 0.9", "lr: 0.1", "Did you mean `learning_rate`?"),
    "lr at the top": ("loss: auto", "lr: 0.1", "Did you mean `optimizer.learning_rate`?"),
    "learning_rate in training": ("epochs: 3", "learning_rate: 1.0", "Did you mean `optimizer.learning_rate`?"),
    "epochs at the top": ("loss: auto", "epochs: 3", "Did you mean `training.epochs`?"),
    "batch_size at the top": ("loss: auto", "batch_size: 3", "Did you mean `training.batch_size`?"),
    "seed in training": ("epochs: 3", "seed: 3", "Did you mean `seed` at the top level?"),
    "patience in training": ("epochs: 3", "patience: 3", "Did you mean `training.early_stopping.patience`?"),
    "max_epochs": ("epochs: 3", "max_epochs: 3", "Did you mean `epochs`?"),
    "acc": ("[accuracy]", "[acc]", "Did you mean `accuracy`?"),
    "cross_entropy": ("loss: auto", "loss: cross_entropy", "Did you mean `sparse_categorical_crossentropy`?"),
    "ReduceLROnPlateau": ("kind: power, steps: 5", "kind: ReduceLROnPlateau", "Did you mean `performance`?"),
    "reduce_lr_on_plateau": ("epochs: 3", "reduce_lr_on_plateau: {}", "Did you mean `schedule: performance`?"),
    "decay": ("momentum: 0.9", "decay: 0.1", "Did you mean `weight_decay`?"),
    "decay_rate": ("kind: power, steps: 5", "kind: exponential, steps: 5, decay_rate: 0.1", "Did you mean `factor`?"),
    "decay_steps": ("kind: power, steps: 5", "kind: exponential, decay_steps: 5", "Did you mean `steps`?"),
    "EarlyStopping": ("loss: auto", "EarlyStopping: {}", "Did you mean `training.early_stopping`?"),
    "restore_best_weights": (
        "epochs: 3",
        "early_stopping: {restore_best_weights: true}",
        "The weights of the best epoch are always kept",
    ),
    "validation_split": ("validation: {size: 10}", "validation_split: 0.1", "Did you mean `data.validation.size`?"),
    "fc": ("flatten", "{kind: fc, units: 3}", "Did you mean `dense`?"),
    "Linear": ("flatten", "{kind: Linear, units: 3}", "Did you mean `dense`?"),
    "BatchNormalization": ("flatten", "BatchNormalization", "Did you mean `batch_norm`?"),
    "batchnorm as a default": ("{activation: relu}", "{normalization: batchnorm}", "Did you mean `batch`?"),
    "MaxPooling2D": ("flatten", "MaxPooling2D", "Did you mean `max_pool`?"),
    "Conv2D": ("flatten", "Conv2D", "Did you mean `conv2d`?"),
    "kernel_initializer": ("units: 5", "units: 5, kernel_initializer: zeros", "Did you mean `initializer`?"),
    "dropout_rate": ("units: 5", "units: 5, dropout_rate: 0.1", "Did you mean `dropout`?"),
    "LeakyReLU": ("activation: relu", "activation: LeakyReLU", "Did you mean `leaky_relu`?"),
    "clipnorm": ("momentum: 0.9", "clipnorm: 1.0", "Did you mean `optimizer.clip: norm`?"),
    "10_000": ("epochs: 3", "epochs: 10_000", "Write 10000."),
    "a typo is nearer than another section": ("scaling: unit", "scalling: unit", "Did you mean `scaling`?"),
    "a key of other kinds": (
        "kind: sgd, momentum",
        "kind: adam, momentum",
        "`momentum` is a key of sgd, rmsprop, muon.",
    ),
    "target one level too high": ("scaling: unit", "target: y", "Did you mean `data.source.target`?"),
    "path one level too high": ("scaling: unit", "path: a.csv", "Did you mean `data.source.path`?"),
    "exclude one level too high": ("scaling: unit", "exclude: [a]", "Did you mean `data.source.features.exclude`?"),
    "a file as the source": ("source: mnist", "source: a.csv", "`dnnctl init new.yaml --from a.csv` writes a spec"),
    "a folder as the source": ("source: mnist", "source: my/photos", "`dnnctl init new.yaml --from my/photos` writes"),
    "a number of units as a layer": ("[flatten", "[64, flatten", "Write `{kind: dense, units: 64}`."),
    "a fraction in percent": ("{size: 10}", "20 %", "Write `validation: {size: 0.2}`."),
    "yes for a mapping": (
        "epochs: 3",
        "epochs: 3, early_stopping: yes",
        "Write `early_stopping: {patience: 5}`.",
    ),
    "cuda": ("device: cpu", "device: cuda", "Did you mean `gpu`?"),
}


@pytest.mark.parametrize("case", HINTS)
def test_the_hint_names_the_right_key_or_word(case: str, tmp_path: Path) -> None:
    old, new, hint = HINTS[case]
    assert FINE.count(old) == 1
    path = tmp_path / "a.yaml"
    path.write_text(FINE.replace(old, new))
    with pytest.raises(SpecError) as caught:
        load(path)
    assert any(fault.hint.startswith(hint) for fault in caught.value.faults), caught.value


def test_the_spec_of_these_tests_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(FINE)
    load(path)


ALL_KEYS = keys_of(sections_of(Spec))
FIELDS = [field for section in sections_of(Spec) for field in section.model_fields.values()]
ALL_WORDS = kinds_of(sections_of(Spec)) + words_of(member for field in FIELDS for member in members(field.annotation))


@pytest.mark.parametrize("target", sorted({target for targets in KEYS.values() for target in targets}))
def test_every_key_that_an_alias_names_exists(target: str) -> None:
    if "." in target:
        assert alternatives(Spec, target.split("."))
    else:
        assert target in ALL_KEYS


def test_every_word_that_an_alias_names_exists() -> None:
    assert {target for targets in WORDS.values() for target in targets} <= set(ALL_WORDS)


def test_aliases_are_in_lower_case_without_separators_and_not_redundant() -> None:
    assert all(alias == squash(alias) for table in (KEYS, WORDS, ADVICE) for alias in table)
    for table in (KEYS, WORDS):
        assert [alias for alias, targets in table.items() if {alias} == {squash(target) for target in targets}] == []


def test_every_suggested_path_exists() -> None:
    assert len(key_paths()) > 40
    assert all(alternatives(Spec, path.split(".")) for path in key_paths().values())

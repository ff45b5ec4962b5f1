"""Each rule has a recipe that breaks it and a similar one that does not."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import dnnctl.advice
from dnnctl.advice.optimizer import USUAL_RATES
from dnnctl.advice.recipe import BUILT_IN_SIZES, Recipe
from dnnctl.advice.rule import Rule
from dnnctl.advice.rules import RULES
from dnnctl.specs import load
from dnnctl.specs.optimizer import Optimizer
from dnnctl.specs.reading.introspection import kinds_of, members
from dnnctl.specs.source import BuiltIn

GOOD = """
name: good
data: {source: fashion_mnist_sample, validation: {size: 1000}, scaling: standardize}
model:
  defaults: {activation: relu, initializer: he_normal}
  layers: [flatten, {kind: dense, units: 50}, {kind: dense, units: 20}]
optimizer: {kind: adam}
training: {epochs: 10}
"""
DENSE = "{kind: dense, units: 50}"
LINEAR = "{kind: dense, units: 9, activation: linear}"
SELU = ["model.defaults.activation=selu", "model.defaults.initializer=lecun_normal"]
BATCH = "{kind: batch, position: before_activation}"

CASES: dict[str, tuple[list[str], list[str]]] = {
    "selu-initializer": (["model.defaults.activation=selu"], SELU),
    "selu-inputs": ([*SELU, "data.scaling=unit"], SELU),
    "selu-normalization": ([*SELU, "model.defaults.normalization=batch"], ["model.defaults.normalization=batch"]),
    "selu-regularizer": ([*SELU, "model.defaults.regularizer=l2"], ["model.defaults.regularizer=l2"]),
    "selu-dropout": (
        [*SELU, "model.defaults.dropout={kind: dropout, rate: 0.1}"],
        [*SELU, "model.defaults.dropout={kind: alpha_dropout, rate: 0.1}"],
    ),
    "alpha-dropout": (
        ["model.defaults.dropout={kind: alpha_dropout, rate: 0.1}"],
        [*SELU, "model.defaults.dropout={kind: alpha_dropout, rate: 0.1}"],
    ),
    "selu-residual": (
        [*SELU, f"model.layers=[flatten, {{kind: residual, layers: [{DENSE}]}}]"],
        [f"model.layers=[flatten, {{kind: residual, layers: [{DENSE}]}}]"],
    ),
    "selu-convolution": (
        [*SELU, "model.layers=[{kind: conv2d, filters: 3}, flatten]"],
        ["model.layers=[{kind: conv2d, filters: 3}, flatten]"],
    ),
    "relu-initializer": (["model.defaults.initializer=glorot_uniform"], []),
    "tanh-initializer": (
        ["model.defaults.activation=tanh"],
        ["model.defaults.activation=tanh", "model.defaults.initializer=glorot_normal"],
    ),
    "symmetric-initializer": (["model.layers.1.initializer=zeros"], ["model.output={initializer: zeros}"]),
    "initializer-scale": (
        ["model.layers.2.initializer={kind: random_normal, stddev: 1.0}"],
        ["model.layers.2.initializer={kind: random_normal, stddev: 0.2}"],
    ),
    "saturating-stack": (
        ["model.defaults.activation=tanh", "model.layers.1.repeat=5"],
        ["model.defaults.activation=tanh", "model.layers.1.repeat=4"],
    ),
    "deep-plain-network": (
        ["model.layers.1.repeat=10"],
        ["model.layers.1.repeat=10", "model.defaults.normalization=batch"],
    ),
    "linear-layer": (
        ["model.layers.1.activation=linear"],
        [f"model.layers=[flatten, {LINEAR}, batch_norm, {{kind: activation, function: elu}}]"],
    ),
    "bias-before-batch-norm": (
        [f"model.defaults.normalization={BATCH}", "model.defaults.use_bias=true"],
        ["model.defaults.normalization={kind: batch, position: after_activation}", "model.defaults.use_bias=true"],
    ),
    "dropout-before-batch-norm": (
        ["model.layers.1.dropout={kind: dropout, rate: 0.1}", "model.layers.2.normalization=batch"],
        ["model.layers.2.dropout={kind: dropout, rate: 0.1}", "model.layers.2.normalization=batch"],
    ),
    "batch-norm-batch-size": (
        ["model.defaults.normalization=batch", "training.batch_size=7"],
        ["model.defaults.normalization=batch", "training.batch_size=8"],
    ),
    "dropout-rate": (
        ["model.defaults.dropout={kind: dropout, rate: 0.51}"],
        ["model.defaults.dropout={kind: dropout, rate: 0.5}"],
    ),
    "regularizer-strength": (
        ["model.defaults.regularizer={kind: l1, strength: 0.11}"],
        ["model.defaults.regularizer={kind: l1, strength: 0.1}"],
    ),
    "l2-with-adam": (
        ["model.defaults.regularizer=l2"],
        ["model.defaults.regularizer=l2", "optimizer=sgd"],
    ),
    "learning-rate": (["optimizer.learning_rate=5"], ["optimizer={kind: adadelta, learning_rate: 5}"]),
    "momentum": (["optimizer={kind: sgd, momentum: 0.995}"], ["optimizer={kind: sgd, momentum: 0.99}"]),
    "adagrad-long": (
        ["optimizer={kind: adagrad, learning_rate: 0.01}", "training.epochs=21"],
        ["optimizer={kind: adagrad, learning_rate: 0.01}", "training.epochs=20"],
    ),
    "schedule-length": (
        ["schedule={kind: piecewise, boundaries: [10], values: [0.01, 0.001]}"],
        ["schedule={kind: piecewise, boundaries: [9], values: [0.01, 0.001]}"],
    ),
    "warmup-length": (
        ["schedule={kind: cosine, warmup: {steps: 1500}}"],
        ["schedule={kind: cosine, warmup: {steps: 1400}}"],
    ),
    "patience-order": (
        ["schedule={kind: performance, patience: 3}", "training.early_stopping={patience: 3}"],
        ["schedule={kind: performance, patience: 3}", "training.early_stopping={patience: 4}"],
    ),
    "cycle-stopped": (
        ["schedule={kind: one_cycle, max_rate: 0.01}", "training.early_stopping={patience: 4}"],
        ["schedule={kind: one_cycle, max_rate: 0.01}", "training.early_stopping={patience: 5}"],
    ),
    "early-stopping-length": (
        ["training.early_stopping={patience: 10}"],
        ["training.early_stopping={patience: 9}"],
    ),
    "one-unit-softmax": (
        ["model.output={activation: softmax, units: 1}"],
        ["model.output={activation: sigmoid, units: 1}"],
    ),
    "output-loss": (
        ["model.output={activation: sigmoid}", "loss=categorical_crossentropy"],
        ["model.output={activation: sigmoid}", "loss=binary_crossentropy"],
    ),
    "output-units": (
        ["model.output={units: 9}"],
        ["model.output={units: 1}", "data.classes=[0, 1]"],
    ),
    "loss-of-classes": (["loss=mse"], ["loss=categorical_hinge"]),
    "softmax-layer": (["model.layers.1.activation=softmax"], ["model.output={activation: softmax}"]),
    "unscaled-inputs": (["data.scaling=none"], ["data.scaling=none", f"model.layers=[batch_norm, flatten, {DENSE}]"]),
    "batch-larger-than-data": (["training.batch_size=9000"], ["training.batch_size=8999"]),
    "few-examples": (["data.limit=99"], ["data.limit=100"]),
    "small-validation": (["data.validation.size=224"], ["data.validation.size=226"]),
    "no-validation": (["data.validation=none"], []),
    "mixed-precision-on-cpu": (
        ["runtime={device: cpu, precision: mixed_float16}"],
        ["runtime={device: auto, precision: mixed_float16}"],
    ),
}  # fmt: skip
"""By rule: changes of the good recipe that break it, and changes that do not."""


def broken(overrides: list[str], folder: Path) -> set[str]:
    """The rules that the good recipe with these changes breaks."""
    path = folder / "good.yaml"
    path.write_text(GOOD)
    recipe = Recipe(load(path, overrides).spec)
    return {rule.id for rule in RULES.values() if any(True for _ in rule.find(recipe))}


def test_the_good_recipe_breaks_no_rule(tmp_path: Path) -> None:
    assert broken([], tmp_path) == set()


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_broken_by_its_example_only(name: str, tmp_path: Path) -> None:
    bad, good = CASES[name]
    assert name in broken(bad, tmp_path)
    assert name not in broken(good, tmp_path)


def test_every_rule_has_its_place_in_the_list() -> None:
    """A rule that is defined in the package but not listed is never applied."""
    defined: dict[str, Any] = {}
    for module in pkgutil.iter_modules(dnnctl.advice.__path__):
        members = vars(importlib.import_module(f"dnnctl.advice.{module.name}")).values()
        defined |= {each.id: each for each in members if isinstance(each, Rule)}
    assert defined == RULES
    assert set(CASES) == set(RULES)
    assert all(rule.explanation and rule.summary for rule in RULES.values())


def test_every_optimizer_has_usual_rates_and_every_built_in_source_its_size() -> None:
    """Its default is within them. Targets that are numbers have no classes, so that such a source has no entry."""
    optimizers = {kind: section for section in members(Optimizer) for kind in kinds_of([section])}
    assert set(USUAL_RATES) == set(optimizers)
    for kind, (low, high) in USUAL_RATES.items():
        assert low <= optimizers[kind].model_fields["learning_rate"].default <= high
    assert set(BUILT_IN_SIZES) == {*kinds_of([BuiltIn])} - {"california_housing"}

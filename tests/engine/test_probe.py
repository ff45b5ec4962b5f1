"""A probe measures what NumPy and a plain gradient tape compute, and changes no bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from dnnctl.builder.signals import signals_of
from dnnctl.engine.engine import Engine
from dnnctl.engine.probe import Probe
from dnnctl.engine.step_loop import EpochPlan
from dnnctl.engine.variables import read_state
from dnnctl.events.event import ignore
from dnnctl.runner.examples import place
from dnnctl.runner.probing import probed_examples
from dnnctl.runner.setup import Setup, prepare
from dnnctl.specs import load_spec
from sample_specs import small_spec

BATCH = 40
DENSE = {"kind": "dense", "units": 9}
CONV = {"kind": "conv2d", "filters": 4, "padding": "same"}
NETS: dict[str, Any] = {
    "dense": {"defaults": {"activation": "tanh"}, "layers": ["flatten", DENSE, {**DENSE, "activation": "prelu"}]},
    "conv, batch norm": {
        "defaults": {"activation": "relu", "normalization": "batch"},
        "layers": [CONV, "flatten", DENSE],
    },
    "residual, l2": {
        "defaults": {"activation": "sigmoid", "regularizer": {"kind": "l2", "strength": 0.1}},
        "layers": ["flatten", DENSE, {"kind": "residual", "layers": [DENSE, DENSE]}],
    },
}
NOISY = {"defaults": {"activation": "rrelu", "normalization": "batch", "dropout": {"kind": "dropout", "rate": 0.4}}}


def probe_of(folder: Path, model: Any, **sections: Any) -> tuple[Setup, Engine, Probe]:
    """A probe of 120 examples in batches of 40."""
    sections = {"training": {"batch_size": BATCH, "epochs": 2}, **sections}
    data = {"source": {"kind": "npz", "path": "digits.npz"}, "scaling": "standardize"}
    spec = small_spec(folder, model=model, **sections)
    spec["data"] = {**data, "source": spec["data"]["source"]}
    setup, dataset = prepare(load_spec(spec), ignore)
    engine = setup.engine(place(setup, dataset.weighted_train))
    probe = Probe(
        setup.model, signals_of(setup.network), probed_examples(setup, dataset.weighted_train), batch_size=BATCH
    )
    return setup, engine, probe


def layer_by_layer(setup: Setup, probe: Probe, inputs: Any) -> list[np.ndarray]:
    """The outputs of the measured layers, each called by itself in the order of the model."""
    import keras

    outputs = {}
    for layer in setup.model.layers[1:]:
        given = keras.Model(setup.model.inputs, layer.input)(inputs, training=True)
        outputs[layer.name] = np.asarray(layer(given, training=True), np.float64)
    return [outputs[each.measured.name] for each in probe.signals]


@pytest.mark.parametrize("name", NETS)
def test_gradients_and_moments_are_those_of_a_plain_tape_and_numpy(name: str, tmp_path: Path) -> None:
    setup, _, probe = probe_of(tmp_path, NETS[name])
    loss, layers = probe.measure()
    before = read_state(probe_variables(probe))
    losses, squares, outputs = [], [], []
    for start in range(0, 120, BATCH):
        batch = probe.examples.take(slice(start, start + BATCH))
        kernels = [each.kernel for each in probe.signals]
        with tf.GradientTape() as tape:
            predicted = setup.model(batch.inputs, training=True)
            value = setup.model.compute_loss(batch.inputs, batch.targets, predicted)
        gradients = tape.gradient(value, [each.value for each in kernels])
        losses.append(float(value))
        squares.append([np.mean(np.square(np.asarray(each, np.float64))) for each in gradients])
        outputs.append(layer_by_layer(setup, probe, batch.inputs))
        for variable, old in zip(probe_variables(probe).values(), before.values(), strict=True):
            variable.assign(old)
    assert loss == pytest.approx(np.mean(losses), rel=1e-6)
    for number, (signal, found) in enumerate(zip(probe.signals, layers, strict=True)):
        values = np.concatenate([batch[number] for batch in outputs])
        assert found.layer == signal.name
        assert found.gradient == pytest.approx(np.sqrt(np.mean([each[number] for each in squares])), rel=1e-6)
        assert (found.mean, found.deviation) == pytest.approx((values.mean(), values.std()), rel=1e-5, abs=1e-7)
        is_zero = (values.reshape(-1, values.shape[-1]) == 0).all(axis=0)
        assert found.dead == is_zero.mean()
        low, high = signal.limits or (-np.inf, np.inf)
        near = 0.05 * (high - low) if signal.limits else 0
        assert found.saturated == pytest.approx(np.mean((values <= low + near) | (values >= high - near)), abs=1e-3)


def probe_variables(probe: Probe) -> dict[str, Any]:
    return {each.path + str(place): each for place, each in enumerate(probe.model.variables)}


@pytest.mark.parametrize("compile", ["xla", "graph"])
def test_a_probe_changes_no_bit(compile: str, tmp_path: Path) -> None:
    """Weights, moving statistics, seed generators and the optimizer: before training and after an epoch."""
    model = {**NOISY, "layers": ["flatten", DENSE]}
    _, engine, probe = probe_of(tmp_path, model, optimizer="nadam", runtime={"compile": compile})
    for _ in range(2):
        before = read_state(engine.variables)
        first, second = probe.measure(), probe.measure()
        assert first == second
        after = read_state(engine.variables)
        assert all(np.array_equal(before[path], after[path]) for path in {*before, *after})
        engine.start_epoch(EpochPlan(np.arange(120, dtype=np.int32), np.full(3, 0.01, np.float32)))
        engine.run(0, 3)


def test_the_update_is_that_of_a_step_of_the_engine(tmp_path: Path) -> None:
    """The first batch of the probe is the first one of the epoch."""
    setup, engine, probe = probe_of(tmp_path, NETS["dense"], optimizer={"kind": "adam", "learning_rate": 0.02})
    _, layers = probe.measure()
    before = [np.asarray(each.kernel, np.float64) for each in probe.signals]
    engine.start_epoch(EpochPlan(np.arange(120, dtype=np.int32), np.full(3, 0.02, np.float32)))
    engine.run(0, 1)
    for old, signal, found in zip(before, probe.signals, layers, strict=True):
        change = np.linalg.norm(np.asarray(signal.kernel, np.float64) - old) / np.linalg.norm(old)
        assert found.update == pytest.approx(change, rel=1e-3)
    assert setup.model.optimizer is probe.optimizer


def test_units_below_their_bias_are_dead(tmp_path: Path) -> None:
    """A third of the channels of a convolution is zero for every example at every place."""
    model = {"defaults": {"activation": "relu"}, "layers": [{**CONV, "filters": 6}, "flatten", DENSE]}
    _, _, probe = probe_of(tmp_path, model)
    bias = probe.signals[0].weighted.bias
    bias.assign([-1e6, 0, 0, -1e6, 0, 0])
    _, layers = probe.measure()
    assert layers[0].dead == pytest.approx(1 / 3)


def test_small_gradients_survive_mixed_precision(tmp_path: Path) -> None:
    """They are the same as with float32 to the precision of float16, though many are below its smallest number."""
    deep = {"defaults": {"activation": "sigmoid"}, "layers": ["flatten", {**DENSE, "repeat": 11}]}
    found = []
    for precision in ("float32", "mixed_float16"):
        _, _, probe = probe_of(tmp_path, deep, runtime={"precision": precision}, optimizer="adam")
        found.append([each.gradient for each in probe.measure()[1]])
    np.testing.assert_allclose(found[1], found[0], rtol=0.05)
    assert found[0][0] < 6e-8


def test_a_probe_belongs_to_an_optimizer_and_its_frozen_layers(tmp_path: Path) -> None:
    """A phase that freezes other layers needs another probe; frozen layers have a gradient, but no update."""
    setup, _, probe = probe_of(tmp_path, NETS["dense"])
    assert probe.is_current
    setup.model.get_layer("dense_1").trainable = False
    assert not probe.is_current
    again = Probe(setup.model, probe.signals, probe.examples, batch_size=BATCH)
    _, (frozen, *others) = again.measure()
    assert again.is_current
    assert frozen.gradient > 0
    assert frozen.update == 0
    assert all(each.update > 0 for each in others)

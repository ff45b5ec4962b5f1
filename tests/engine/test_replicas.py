"""A step of several replicas against a plain loop that adds the gradients of the parts of a batch."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from replicated import Parts

from dnnctl.builder.loss import build_loss
from dnnctl.builder.metric import build_metrics
from dnnctl.builder.model import build_model
from dnnctl.builder.optimizer import build_optimizer
from dnnctl.builder.output import Head
from dnnctl.data.dataset import Part
from dnnctl.engine.engine import Engine
from dnnctl.engine.replicas import ALONE, Replicas
from dnnctl.engine.step_loop import EpochPlan, to_device
from dnnctl.engine.variables import read_state
from dnnctl.runner.shuffle import epoch_order
from dnnctl.specs import Spec

BATCH, EPOCHS = 16, 2
HEAD = Head("mse", "numbers", 4, "linear")
CLASSES = Head("sparse_categorical_crossentropy", "index", 3, "softmax")
LABELS = Head("binary_crossentropy", "labels", 3, "sigmoid")
L2 = {"regularizer": {"kind": "l2", "strength": 0.05}}
EVERYTHING = {**L2, "normalization": "batch", "dropout": {"kind": "dropout", "rate": 0.3}}


def make_data(n: int, *, weighted: bool = False) -> Part:
    draw = np.random.default_rng(7)
    images = draw.integers(0, 256, (n, 6, 6), dtype=np.uint8)
    weights = draw.uniform(0, 3, n).astype(np.float32) if weighted else None
    return Part(images, draw.normal(size=(n, 4)).astype(np.float32), weights)


def make_model(data: Part, head: Head = HEAD, scaling: str = "unit", **defaults: Any) -> tuple[Spec, keras.Model]:
    spec = Spec.model_validate(
        {
            "name": "t",
            "data": {"source": "fashion_mnist_sample", "scaling": scaling},
            "model": {
                "defaults": {"activation": "relu", "initializer": "he_normal", **defaults},
                "layers": ["flatten", {"kind": "dense", "units": 12}, {"kind": "dense", "units": 8}],
            },
            "optimizer": {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9},
        }
    )
    model = build_model(spec, head, data.inputs)
    model.compile(optimizer=build_optimizer(spec.optimizer), loss=build_loss(spec.loss, head.loss))
    return spec, model


def train(
    spec: Spec, model: keras.Model, data: Part, replicas: Replicas, head: Head = HEAD, epochs: int = EPOCHS
) -> tuple[Engine, dict[str, float]]:
    engine = Engine(
        model, build_metrics(spec, head), to_device(data), batch_size=BATCH, mode="graph", replicas=replicas
    )
    for epoch in range(1, epochs + 1):
        engine.reset_metrics()
        engine.start_epoch(EpochPlan(epoch_order(42, epoch, len(data)), np.full(engine.n_steps, 0.05, np.float32)))
        assert engine.run(0, engine.n_steps) is None
    return engine, engine.results()


def in_process(n: int) -> Replicas:
    return Replicas(n, tuple(range(n)), ("/CPU:0",) * n)


def variables(model: keras.Model) -> list[Any]:
    return [
        each.numpy() for each in (*(v for layer in model.layers for v in layer.variables), *model.optimizer.variables)
    ]


@pytest.mark.parametrize(("n_replicas", "n", "weighted"), [(2, 64 + 5, False), (2, 64 + 1, True), (3, 64 + 2, True)])
def test_replicas_give_the_bits_of_added_gradients(n_replicas: int, n: int, weighted: bool) -> None:
    """Weights, moving averages, seeds and momenta, also where the last batch has fewer examples than replicas."""
    data = make_data(n, weighted=weighted)
    spec, model = make_model(data, **EVERYTHING)
    _, expected = make_model(data, **EVERYTHING)
    Parts(expected, n_replicas).train(data, [epoch_order(42, epoch, n) for epoch in (1, 2)], BATCH)
    train(spec, model, data, in_process(n_replicas))
    for ours, theirs in zip(variables(model), variables(expected), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_metrics_and_loss_are_those_of_one_process() -> None:
    """Without what depends on the number of replicas they differ by rounding alone; penalties count once."""
    data = make_data(64 + 5, weighted=True)
    one, two = (train(*make_model(data, **L2), data, replicas) for replicas in (ALONE, in_process(2)))
    assert two[1] == pytest.approx(one[1], rel=1e-5)
    for ours, theirs in zip(read_state(two[0].variables).values(), read_state(one[0].variables).values(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("head", [CLASSES, LABELS], ids=["softmax", "sigmoid"])
def test_a_crossentropy_is_that_of_the_logits(head: Head) -> None:
    """Keras computes it before the last activation. From probabilities it is at most 16.2, -log(1e-7)."""
    n, draw = BATCH, np.random.default_rng(7)
    targets = draw.integers(0, 2, (n, 3)) if head is LABELS else draw.integers(0, 3, n)
    data = Part(make_data(n).inputs, targets.astype(np.int32 if head is CLASSES else np.float32))
    losses = []
    for replicas in (ALONE, in_process(2)):
        spec, model = make_model(data, head, scaling="none")
        losses.append(train(spec, model, data, replicas, head, epochs=1)[1]["loss"])
    assert losses[0] > 30
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)

"""The engine against `model.fit`, bit by bit."""

from __future__ import annotations

import hashlib
from typing import Any

import keras
import numpy as np
import pytest

import dnnctl.training  # noqa: F401  (sets what must precede Keras)
from dnnctl.build.loss import build_loss
from dnnctl.build.model import build_model
from dnnctl.build.optimizer import build_optimizer
from dnnctl.build.output import choose_head
from dnnctl.data.dataset import Part
from dnnctl.spec import Spec
from dnnctl.training.engine.engine import Engine, EpochPlan, to_device
from dnnctl.training.order import epoch_order

BATCH = 32
N = 32 * 12 + 5
"""The last batch is short."""

SMALL = [{"kind": "dense", "units": 24}, {"kind": "dense", "units": 16}]
NETS: dict[str, dict[str, Any]] = {
    "batch_norm": {"normalization": "batch"},
    "batch_norm_after": {"normalization": {"kind": "batch", "position": "after_activation"}},
    "l2": {"regularizer": {"kind": "l2", "strength": 0.01}},
    "max_norm": {"constraint": "max_norm"},
    "dropout": {"dropout": {"kind": "dropout", "rate": 0.3}},
    "alpha_dropout": {"activation": "selu", "dropout": {"kind": "alpha_dropout", "rate": 0.1}},
    "rrelu": {"activation": "rrelu"},
}
OPTIMIZERS: dict[str, Any] = {
    "nadam": "nadam",
    "nesterov": {"kind": "sgd", "momentum": 0.9, "nesterov": True},
    "clipnorm": {"kind": "sgd", "learning_rate": 0.1, "clip": {"kind": "norm", "value": 0.1}},
    "global_clipnorm": {"kind": "adam", "clip": {"kind": "global_norm", "value": 0.1}},
    "weight_decay": {"kind": "adamw", "weight_decay": 0.1},
}


def make_spec(defaults: dict[str, Any] | None = None, optimizer: Any = "nadam", **sections: Any) -> Spec:
    defaults = {"activation": "relu", "initializer": "he_normal", **(defaults or {})}
    return Spec.model_validate(
        {
            "name": "t",
            "data": {"source": "fashion_mnist_sample", "scaling": "standardize"},
            "model": {"defaults": defaults, "layers": ["flatten", *SMALL]},
            "optimizer": optimizer,
            **sections,
        }
    )


def make_data(n: int = N) -> Part:
    draw = np.random.default_rng(7)
    images = draw.integers(0, 256, (n, 6, 6), dtype=np.uint8)
    labels = (images.reshape(n, -1)[:, :4].sum(axis=1) // 103).astype(np.int32)
    return Part(images, np.clip(labels, 0, 9))


def make_model(spec: Spec, data: Part) -> keras.Model:
    head = choose_head(spec, task="classes", n_outputs=10)
    model = build_model(spec, head, data.inputs)
    model.compile(
        optimizer=build_optimizer(spec.optimizer),
        loss=build_loss(spec.loss, head.loss),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        jit_compile=False,
    )
    return model


def digest(model: keras.Model) -> str:
    """SHA-256 over the variables of layers, seed generators and optimizer."""
    state = hashlib.sha256()
    for layer in model.layers:
        for variable in layer.variables:
            state.update(np.ascontiguousarray(variable.numpy()).tobytes())
    for variable in model.optimizer.variables:
        state.update(np.ascontiguousarray(variable.numpy()).tobytes())
    return state.hexdigest()


def fit(spec: Spec, data: Part, epochs: int) -> tuple[keras.Model, list[dict[str, float]]]:
    model = make_model(spec, data)
    rows = []
    for epoch in range(1, epochs + 1):
        order = epoch_order(spec.seed, epoch, len(data))
        shuffled = data.take(order)
        history = model.fit(shuffled.inputs, shuffled.targets, batch_size=BATCH, shuffle=False, verbose=0)
        rows.append({name: values[0] for name, values in history.history.items()})
    return model, rows


def run_engine(
    spec: Spec, data: Part, epochs: int, mode: Any = "graph", cut: int = 5
) -> tuple[keras.Model, list[dict[str, float]]]:
    model = make_model(spec, data)
    metrics = [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
    engine = Engine(model, metrics, to_device(data), batch_size=BATCH, mode=mode)
    rates = np.full(engine.n_steps, spec.optimizer.learning_rate, np.float32)
    rows = []
    for epoch in range(1, epochs + 1):
        engine.start_epoch(EpochPlan(epoch_order(spec.seed, epoch, len(data)), rates))
        engine.reset_metrics()
        for start in range(0, engine.n_steps, cut):
            assert engine.run(start, min(start + cut, engine.n_steps)) is None
        rows.append(engine.results())
    return model, rows


@pytest.mark.parametrize("epochs", [1, 3])
@pytest.mark.parametrize(
    ("defaults", "optimizer"),
    [(NETS[name], "nadam") for name in NETS] + [({}, OPTIMIZERS[name]) for name in OPTIMIZERS],
    ids=[*NETS, *OPTIMIZERS],
)
def test_graph_mode_gives_the_bits_of_fit(defaults: dict[str, Any], optimizer: Any, epochs: int) -> None:
    """In graph mode: the same variables and the same metrics as `model.fit(shuffle=False)` on the same order."""
    spec, data = make_spec(defaults, optimizer), make_data()
    expected, expected_rows = fit(spec, data, epochs)
    model, rows = run_engine(spec, data, epochs)
    assert digest(model) == digest(expected)
    assert rows == expected_rows

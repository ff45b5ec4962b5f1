"""The engine against `model.fit`, bit by bit."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dnnctl.builder.loss import build_loss, build_training_loss
from dnnctl.builder.metric import build_metrics
from dnnctl.builder.model import build_model, build_network
from dnnctl.builder.optimizer import build_optimizer
from dnnctl.builder.output import Head, choose_head
from dnnctl.builder.target_scaling import fit_target_scaling
from dnnctl.data.dataset import Dataset, Part
from dnnctl.engine.augmentation.augmenter import build_augmenter
from dnnctl.engine.batch import take_batch
from dnnctl.engine.engine import Engine
from dnnctl.engine.step_loop import EpochPlan, to_device
from dnnctl.runner.shuffle import augment_seed, epoch_order
from dnnctl.runner.targets import encode_targets
from dnnctl.specs import Spec
from sample_tables import draw_columns, encode, fit_encoding, price

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
    "gaussian_noise": {"dropout": {"kind": "gaussian_noise", "stddev": 0.2}},
    "gaussian_dropout": {"dropout": {"kind": "gaussian_dropout", "rate": 0.2}},
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


TEN_CLASSES = Head("sparse_categorical_crossentropy", "index", 10, "softmax")


def make_model(spec: Spec, data: Part, head: Head = TEN_CLASSES) -> keras.Model:
    model = build_model(spec, head, data.inputs)
    model.compile(
        optimizer=build_optimizer(spec.optimizer),
        loss=build_loss(spec.loss, head.loss),
        metrics=build_metrics(spec, head),
        jit_compile=False,
    )
    return model


def digest(model: keras.Model) -> str:
    """SHA-256 of the variables of layers, seed generators and optimizer."""
    state = hashlib.sha256()
    for layer in model.layers:
        for variable in layer.variables:
            state.update(np.ascontiguousarray(variable.numpy()).tobytes())
    for variable in model.optimizer.variables:
        state.update(np.ascontiguousarray(variable.numpy()).tobytes())
    return state.hexdigest()


def fit(
    spec: Spec, data: Part, epochs: int, head: Head = TEN_CLASSES, class_weight: dict[int, float] | None = None
) -> tuple[keras.Model, list[dict[str, float]]]:
    model = make_model(spec, data, head)
    rows = []
    for epoch in range(1, epochs + 1):
        order = epoch_order(spec.seed, epoch, len(data))
        shuffled = data.take(order)
        history = model.fit(
            shuffled.inputs,
            shuffled.targets,
            sample_weight=shuffled.weights,
            class_weight=class_weight,
            batch_size=BATCH,
            shuffle=False,
            verbose=0,
        )
        rows.append({name: values[0] for name, values in history.history.items()})
    return model, rows


def run_engine(
    spec: Spec, data: Part, epochs: int, mode: Any = "graph", cut: int = 5, head: Head = TEN_CLASSES
) -> tuple[keras.Model, list[dict[str, float]]]:
    model = make_model(spec, data, head)
    augmenter = build_augmenter(spec.data.augment, data.inputs)
    engine = Engine(model, build_metrics(spec, head), to_device(data), batch_size=BATCH, mode=mode, augmenter=augmenter)
    rates = np.full(engine.n_steps, spec.optimizer.learning_rate, np.float32)
    rows = []
    for epoch in range(1, epochs + 1):
        order = epoch_order(spec.seed, epoch, len(data))
        engine.start_epoch(EpochPlan(order, rates, augment_seed=augment_seed(spec.seed, epoch)))
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
    """The same variables and metrics as `model.fit(shuffle=False)` on examples in the same order."""
    spec, data = make_spec(defaults, optimizer), make_data()
    expected, expected_rows = fit(spec, data, epochs)
    model, rows = run_engine(spec, data, epochs)
    assert digest(model) == digest(expected)
    assert rows == expected_rows


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_gives_the_bits_of_fit(precision: str) -> None:
    """Including loss scaling, whose counters are variables of the optimizer."""
    spec, data = make_spec(runtime={"precision": precision}), make_data()
    expected, expected_rows = fit(spec, data, 2)
    model, rows = run_engine(spec, data, 2)
    assert digest(model) == digest(expected)
    assert rows == expected_rows


HEADS = {
    "index": TEN_CLASSES,
    "one_hot": Head("categorical_crossentropy", "one_hot", 10, "softmax"),
    "column": Head("binary_crossentropy", "column", 1, "sigmoid"),
    "numbers": Head("mse", "numbers", 2, "linear"),
}


def weighted_data(head: Head, n: int = N) -> Part:
    """Targets in the form of the head, and weights, some of which are 0."""
    data, draw = make_data(n), np.random.default_rng(3)
    weights = (draw.uniform(0, 3, n) * (draw.uniform(0, 1, n) < 0.9)).astype(np.float32)
    targets = data.targets % 2 if head.targets == "column" else data.targets
    targets = draw.normal(size=(n, 2)).astype(np.float32) if head.targets == "numbers" else targets
    return encode_targets(Part(data.inputs, targets, weights), head.targets, 10)


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_weights_give_the_bits_of_fit(head: Head) -> None:
    """The same variables, weighted losses and unweighted metrics as with `sample_weight`, also in evaluation."""
    spec, data = make_spec(NETS["l2"]), weighted_data(head)
    expected, expected_rows = fit(spec, data, 2, head)
    model, rows = run_engine(spec, data, 2, head=head)
    assert digest(model) == digest(expected)
    assert rows == expected_rows
    assert rows != run_engine(spec, Part(data.inputs, data.targets), 2, head=head)[1]
    engine = Engine(model, build_metrics(spec, head), to_device(data), batch_size=BATCH, mode="graph")
    theirs = model.evaluate(
        data.inputs, data.targets, sample_weight=data.weights, batch_size=512, verbose=0, return_dict=True
    )
    assert engine.evaluate(to_device(data)) == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("head", [HEADS["index"], HEADS["one_hot"]], ids=["index", "one_hot"])
def test_class_weights_give_the_bits_of_fit(head: Head) -> None:
    """The same variables and losses as with `class_weight`."""
    spec, data = make_spec(), make_data()
    weights = np.linspace(0, 2.7, 10).astype(np.float32)
    dataset = Dataset(data, None, None, None, "classes", tuple("0123456789"), "", "", class_weights=weights)
    ours, theirs = (encode_targets(part, head.targets, 10) for part in (dataset.weighted_train, data))
    expected, expected_rows = fit(spec, theirs, 2, head, dict(enumerate(weights.tolist())))
    model, rows = run_engine(spec, ours, 2, head=head)
    assert digest(model) == digest(expected)
    assert rows == expected_rows


def test_weights_under_xla_agree_with_fit() -> None:
    spec, data = make_spec(optimizer=OPTIMIZERS["nesterov"]), weighted_data(TEN_CLASSES)
    expected, expected_rows = fit(spec, data, 1)
    model, rows = run_engine(spec, data, 1, "xla")
    for ours, theirs in zip(model.weights, expected.weights, strict=True):
        assert np.abs(ours.numpy() - theirs.numpy()).max() <= 1e-4
    assert rows[0]["loss"] == pytest.approx(expected_rows[0]["loss"], abs=1e-4)


def augmented(spec: Spec, data: Part, epoch: int) -> Any:
    """The batch of a whole epoch, in the order of training."""
    augmenter = build_augmenter(spec.data.augment, data.inputs)
    assert augmenter is not None
    order = epoch_order(spec.seed, epoch, len(data))
    order = np.concatenate([order[len(order) - augmenter.n_before :], order])
    batch = take_batch((tf.constant(data.inputs), tf.constant(data.targets), data.weights), order)
    return augmenter.apply(batch, order, tf.constant(augment_seed(spec.seed, epoch), tf.uint32))


def augmenting(*augment: Any) -> dict[str, Any]:
    return {"source": "fashion_mnist_sample", "scaling": "standardize", "augment": list(augment)}


def test_augmentation_gives_the_bits_of_fit_on_augmented_examples() -> None:
    """Images are changed before batch normalization and dropout; the next epoch has other images."""
    changes = ["flip", {"kind": "crop", "padding": 1}, "brightness", {"kind": "cutout", "size": 2}]
    spec, data = make_spec(NETS["batch_norm"] | NETS["dropout"], data=augmenting(*changes)), make_data()
    expected, expected_rows = make_model(spec, data), []
    for epoch in (1, 2):
        batch = augmented(spec, data, epoch)
        history = expected.fit(batch.inputs, batch.targets, batch_size=BATCH, shuffle=False, verbose=0).history
        expected_rows.append({name: values[0] for name, values in history.items()})
    model, rows = run_engine(spec, data, 2)
    assert digest(model) == digest(expected)
    assert rows == expected_rows


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
@pytest.mark.parametrize("form", ["index", "one_hot"])
def test_mixing_agrees_with_fit_on_soft_targets(kind: str, form: str) -> None:
    """Keras's crossentropy of λ · one-hot + (1 − λ) · other one-hot; the accuracy is that of the greater share."""
    spec, head = make_spec(optimizer="sgd", data=augmenting("flip", {"kind": kind, "alpha": 1.0})), HEADS[form]
    data = make_data()
    batch = augmented(spec, data, 1)
    own, other = np.eye(10)[batch.targets], np.eye(10)[batch.mixed.targets]
    share = batch.mixed.share.numpy()[:, None]
    expected = make_model(spec, data, HEADS["one_hot"])
    history = expected.fit(
        batch.inputs, share * own + (1 - share) * other, batch_size=BATCH, shuffle=False, verbose=0
    ).history
    model, rows = run_engine(spec, encode_targets(data, head.targets, 10), 1, head=head)
    for ours, theirs in zip(model.weights, expected.weights, strict=True):
        assert np.abs(ours.numpy() - theirs.numpy()).max() <= 1e-5
    assert rows[0] == pytest.approx({name: values[0] for name, values in history.items()}, abs=1e-5)


def test_evaluation_and_prediction_use_the_original_examples() -> None:
    spec, data = make_spec(data=augmenting("rotate", "noise", "mixup")), make_data(200)
    model, _ = run_engine(spec, data, 1)
    engine = Engine(
        model,
        [],
        to_device(data),
        batch_size=BATCH,
        mode="graph",
        augmenter=build_augmenter(spec.data.augment, data.inputs),
    )
    expected = model.evaluate(data.inputs, data.targets, batch_size=512, verbose=0)[0]
    assert engine.evaluate(to_device(data)) == pytest.approx({"loss": expected}, rel=1e-6)
    assert engine.predict(to_device(data)) == pytest.approx(model.predict(data.inputs, verbose=0), abs=1e-6)


@pytest.mark.parametrize("cut", [1, 4, 13])
@pytest.mark.parametrize("mode", ["graph", "xla"])
@pytest.mark.parametrize("name", ["batch_norm", "dropout"])
def test_splitting_an_epoch_into_calls_changes_no_bit(name: str, mode: str, cut: int) -> None:
    spec, data = make_spec(NETS[name]), make_data()
    assert digest(run_engine(spec, data, 2, mode, cut)[0]) == digest(run_engine(spec, data, 2, mode, 5)[0])


@pytest.mark.parametrize("name", NETS)
def test_xla_agrees_with_fit_over_a_hundred_steps(name: str) -> None:
    """Within 1e-4, with the same noise as `fit`; after that, rounding errors grow."""
    spec, data = make_spec(NETS[name], OPTIMIZERS["nesterov"]), make_data(100 * BATCH - 3)
    expected, expected_rows = fit(spec, data, 1)
    model, rows = run_engine(spec, data, 1, "xla")
    for ours, theirs in zip(model.variables, expected.variables, strict=True):
        if "seed" not in theirs.path and theirs.path in {variable.path for variable in expected.weights}:
            assert np.abs(ours.numpy() - theirs.numpy()).max() <= 1e-4
    assert rows[0]["loss"] == pytest.approx(expected_rows[0]["loss"], abs=1e-4)


@pytest.mark.parametrize("mode", ["graph", "xla"])
def test_the_first_step_without_a_finite_loss_is_reported(mode: Any) -> None:
    """The 4th batch holds a NaN input, so that its step spoils all later ones."""
    spec = make_spec({"activation": "tanh"}, "sgd", data={"source": "fashion_mnist_sample"})
    inputs = np.random.default_rng(1).normal(size=(N, 6)).astype(np.float32)
    inputs[3 * BATCH + 5] = np.nan
    data = Part(inputs, np.zeros(N, np.int32))
    model = make_model(spec, data)
    engine = Engine(model, [], to_device(data), batch_size=BATCH, mode=mode)
    engine.start_epoch(EpochPlan(np.arange(N, dtype=np.int32), np.zeros(engine.n_steps, np.float32)))
    assert engine.run(0, 3) is None
    assert engine.run(3, engine.n_steps) == 3


def test_evaluation_equals_keras() -> None:
    """Loss, metrics and predictions on a split whose last batch is short."""
    spec, data = make_spec(NETS["batch_norm"]), make_data(1200)
    model, _ = run_engine(spec, data, 1)
    metrics = [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
    engine = Engine(model, metrics, to_device(data), batch_size=BATCH, mode="graph")
    expected = model.evaluate(data.inputs, data.targets, batch_size=512, verbose=0, return_dict=True)
    assert engine.evaluate(to_device(data)) == pytest.approx(expected, rel=1e-6)
    assert engine.predict(to_device(data)) == pytest.approx(model.predict(data.inputs, verbose=0), abs=1e-6)


@pytest.mark.parametrize("mode", ["graph", "xla"])
def test_rates_and_momenta_change_from_step_to_step(mode: Any) -> None:
    """Compared with NumPy: one weight, loss (w − 0)² over inputs of 1, the formula of SGD with momentum."""
    momenta = np.linspace(0.9, 0.5, 6).astype(np.float32)
    rates = np.linspace(0.01, 0.06, 6).astype(np.float32)
    spec = Spec.model_validate(
        {
            "name": "t",
            "data": {"source": "fashion_mnist_sample"},
            "model": {"layers": ["flatten"], "output": {"initializer": "ones", "use_bias": False}},
            "optimizer": {"kind": "sgd", "momentum": 0.9},
            "schedule": {"kind": "one_cycle", "max_rate": 1, "momentum": {"high": 0.9, "low": 0.5}},
        }
    )
    data = Part(np.ones((24, 1), np.float32), np.zeros((24, 1), np.float32))
    head = choose_head(spec, task="numbers", n_outputs=1)
    model = build_model(spec, head, data.inputs)
    model.compile(build_optimizer(spec.optimizer, spec.schedule), build_loss(spec.loss, "mse"), jit_compile=False)
    engine = Engine(model, [], to_device(data), batch_size=4, mode=mode)
    engine.start_epoch(EpochPlan(np.arange(24, dtype=np.int32), rates, momenta))
    engine.run(0, 6)
    weight, velocity = 1.0, 0.0
    for rate, momentum in zip(rates, momenta, strict=True):
        velocity = momentum * velocity - rate * 2 * weight
        weight += velocity
    assert float(model.get_layer("output").kernel.numpy()[0, 0]) == pytest.approx(weight, rel=1e-5)


COUNT_PROGRAMS = """
import os, sys
from pathlib import Path
sys.path[:0] = sys.argv[1], str(Path(sys.argv[1]).parent)
os.environ["DNNCTL_CACHE_DIR"] = sys.argv[2]
from dnnctl.engine.compilation_cache import use_compilation_cache
use_compilation_cache()
from test_engine import *
run_engine(COMPILED[sys.argv[3]], make_data(), 2, "xla", cut=3)
print(len(list(Path(sys.argv[2]).rglob("*.pb"))))
"""


COMPILED = {
    "batch_norm": make_spec(NETS["batch_norm"]),
    "dropout": make_spec(NETS["dropout"]),
    "augmentation": make_spec(data=augmenting("flip", "rotate", "noise", "mixup")),
}


@pytest.mark.parametrize("name", COMPILED)
def test_xla_compiles_once_however_an_epoch_is_split(name: str, tmp_path: Path) -> None:
    """TensorFlow keeps one program for the full batches and one for the short batch."""
    command = [sys.executable, "-c", COUNT_PROGRAMS, str(Path(__file__).parent), str(tmp_path), name]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "TF_XLA_FLAGS": ""})
    assert done.stdout == "2\n"


PRINT_DIGEST = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[1], str(Path(sys.argv[1]).parent)
from test_engine import *
model, _ = run_engine(make_spec(NETS["batch_norm"]), make_data(), 2, "xla")
print(digest(model))
"""


def test_xla_is_reproducible_to_the_bit_between_processes() -> None:
    command = [sys.executable, "-c", PRINT_DIGEST, str(Path(__file__).parent)]
    found = {subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    found.add(digest(run_engine(make_spec(NETS["batch_norm"]), make_data(), 2, "xla")[0]) + "\n")
    assert len(found) == 1


@pytest.mark.parametrize("optimizer", ["adam", *OPTIMIZERS])
def test_embeddings_and_scaled_targets_train_as_keras_trains_them(optimizer: str) -> None:
    """The gradients of embeddings are sparse: graph mode is `fit` bit by bit, and XLA agrees."""
    columns = draw_columns(N)
    encoding = fit_encoding(columns, np.arange(N // 2))
    data = Part(encode(encoding, columns), price(columns))
    spec = make_spec(optimizer=OPTIMIZERS.get(optimizer, optimizer), data={"source": {"kind": "npz", "path": "x.npz"}})
    spec = spec.model_copy(update={"model": spec.model.model_copy(update={"layers": spec.model.layers[1:]})})
    head = choose_head(spec, task="numbers", n_outputs=1)
    scaling = fit_target_scaling(spec, head.loss, data.targets, is_numbers=True)
    head = replace(head, target_scaling=scaling)

    def build() -> keras.Model:
        model = build_network(spec, head, data.inputs, encoding=encoding).model
        loss = build_training_loss(spec.loss, head)
        model.compile(build_optimizer(spec.optimizer), loss=loss, jit_compile=False)
        return model

    fitted, models = build(), {mode: build() for mode in ("graph", "xla")}
    order = epoch_order(spec.seed, 1, N)
    fitted.fit(data.inputs[order], data.targets[order], batch_size=BATCH, shuffle=False, verbose=0)
    for mode, model in models.items():
        engine = Engine(model, [], to_device(data), batch_size=BATCH, mode=mode)  # type: ignore[arg-type]
        rates = np.full(engine.n_steps, float(fitted.optimizer.learning_rate), np.float32)
        engine.start_epoch(EpochPlan(order, rates))
        for start in range(0, engine.n_steps, 5):
            assert engine.run(start, min(start + 5, engine.n_steps)) is None
    assert digest(models["graph"]) == digest(fitted)
    assert not np.array_equal(
        fitted.get_layer("embedding_zip").get_weights()[0], build().get_layer("embedding_zip").get_weights()[0]
    )
    for ours, theirs in zip(models["xla"].get_weights(), fitted.get_weights(), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)

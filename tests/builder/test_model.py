from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from dnnctl.builder.metric import build_metrics
from dnnctl.builder.model import build_model, count_parameters
from dnnctl.builder.output import choose_head
from dnnctl.builder.scaling import build_scaling, mean_and_variance
from dnnctl.errors import SpecError
from dnnctl.specs import Spec

IMAGES = np.random.default_rng(1).integers(0, 256, (50, 28, 28), dtype=np.uint8)
ROWS = np.random.default_rng(2).normal(3, 2, (50, 4)).astype(np.float32)


def make_spec(layers: list[Any], defaults: dict[str, Any] | None = None, **sections: Any) -> Spec:
    data = {"source": "mnist", **sections.pop("data", {})}
    model = {"defaults": defaults or {}, "layers": layers, **sections.pop("model", {})}
    return Spec.model_validate({"name": "t", "data": data, "model": model, **sections})


def build(spec: Spec, inputs: np.ndarray = IMAGES, task: str = "classes", n_outputs: int = 10) -> keras.Model:
    return build_model(spec, choose_head(spec, task=task, n_outputs=n_outputs), inputs)


def kinds(model: keras.Model) -> list[str]:
    return [type(layer).__name__ for layer in model.layers[1:] if layer.name != "scaling"]


def refuse(spec: Spec, **arguments: Any) -> str:
    with pytest.raises(SpecError) as caught:
        build(spec, **arguments)
    (fault,) = caught.value.faults
    return f"{fault.path}: {fault.rule} {fault.hint}"


BOOK_BN = [
    "flatten",
    "batch_norm",
    {"kind": "dense", "units": 300},
    "batch_norm",
    {"kind": "dense", "units": 100},
    "batch_norm",
]


def test_the_book_s_net_with_three_batch_norms_has_its_parameters() -> None:
    """300-100-10 with batch normalization after the activation: 271,346 parameters, 2,368 of them not trained."""
    model = build(make_spec(BOOK_BN, {"activation": "relu"}))
    total, trainable = count_parameters(model)
    assert (total, total - trainable) == (271_346, 2_368)


def test_the_scaling_s_statistics_are_not_counted() -> None:
    plain, scaled = (build(make_spec(["flatten"], data={"scaling": scaling})) for scaling in ("none", "standardize"))
    assert count_parameters(plain) == count_parameters(scaled) == (7850, 7850)


@pytest.mark.parametrize(
    ("layer", "order"),
    [
        ({"activation": "relu"}, ["Dense"]),
        ({"activation": "prelu"}, ["Dense", "PReLU"]),
        ({"normalization": "batch", "activation": "relu"}, ["Dense", "BatchNormalization", "Activation"]),
        (
            {"normalization": {"kind": "batch", "position": "after_activation"}, "activation": "relu"},
            ["Dense", "BatchNormalization"],
        ),
        ({"normalization": "layer", "activation": "rrelu"}, ["Dense", "LayerNormalization", "RReLU"]),
        ({"normalization": "batch", "activation": "linear"}, ["Dense", "BatchNormalization"]),
        (
            {"normalization": "batch", "activation": "elu", "dropout": {"kind": "alpha_dropout", "rate": 0.1}},
            ["Dense", "BatchNormalization", "Activation", "AlphaDropout"],
        ),
    ],
)
def test_a_layer_s_parts_are_in_their_order(layer: dict[str, Any], order: list[str]) -> None:
    assert kinds(build(make_spec(["flatten", {"kind": "dense", "units": 3, **layer}])))[1:-1] == order


def test_defaults_are_inherited_and_overridden() -> None:
    defaults = {"activation": "selu", "regularizer": "l2", "constraint": "max_norm", "initializer": "lecun_normal"}
    layers = [
        "flatten",
        {"kind": "dense", "units": 3},
        {"kind": "dense", "units": 3, "activation": "tanh", "regularizer": "none"},
    ]
    model = build(make_spec(layers, defaults))
    first, second, output = (model.get_layer(name) for name in ("dense_1", "dense_2", "output"))
    assert (first.activation, second.activation) == (keras.activations.selu, keras.activations.tanh)
    assert first.kernel_regularizer is not None
    assert second.kernel_regularizer is None
    assert second.kernel_constraint is not None
    assert first.kernel_initializer.get_config()["seed"] != second.kernel_initializer.get_config()["seed"]
    assert (output.kernel_regularizer, output.activation) == (None, keras.activations.softmax)


@pytest.mark.parametrize(
    ("layers", "has_bias"),
    [
        ([{"kind": "dense", "units": 3}], True),
        ([{"kind": "dense", "units": 3, "normalization": "batch"}], False),
        ([{"kind": "dense", "units": 3, "normalization": "layer"}], True),
        ([{"kind": "dense", "units": 3, "normalization": {"kind": "batch", "position": "after_activation"}}], True),
        ([{"kind": "dense", "units": 3, "normalization": "batch", "use_bias": True}], True),
        ([{"kind": "dense", "units": 3}, "batch_norm"], False),
        ([{"kind": "dense", "units": 3, "activation": "relu"}, "batch_norm"], True),
        ([{"kind": "dense", "units": 3, "use_bias": False}], False),
    ],
)
def test_auto_leaves_the_bias_out_only_before_batch_normalization(layers: list[Any], has_bias: bool) -> None:
    assert build(make_spec(["flatten", *layers])).get_layer("dense_1").use_bias == has_bias


def test_auto_leaves_the_bias_out_of_the_last_repetition_alone() -> None:
    model = build(make_spec(["flatten", {"kind": "dense", "units": 3, "repeat": 3}, "batch_norm"]))
    assert [model.get_layer(f"dense_{i}").use_bias for i in (1, 2, 3)] == [True, True, False]


def test_repeat_makes_layers_of_their_own() -> None:
    model = build(make_spec(["flatten", {"kind": "dense", "units": 5, "repeat": 20}]))
    assert [layer.name for layer in model.layers if layer.name.startswith("dense")] == [
        f"dense_{i}" for i in range(1, 21)
    ]
    kernels = [model.get_layer(f"dense_{i}").kernel.numpy() for i in (2, 3)]
    assert not np.array_equal(*kernels)


def test_weights_follow_from_the_seed_and_the_layer_s_name() -> None:
    """Another layer elsewhere, or another process, changes no initial weight of this one."""
    one = build(make_spec(["flatten", {"kind": "dense", "units": 5}]))
    other = build(make_spec(["flatten", "batch_norm", {"kind": "dense", "units": 5}, {"kind": "dropout", "rate": 0.5}]))
    third = build(make_spec(["flatten", {"kind": "dense", "units": 5}], seed=7))
    kernels = [model.get_layer("dense_1").kernel.numpy() for model in (one, other, third)]
    assert np.array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])


def test_a_residual_block_adds_its_input() -> None:
    """With a branch of zeros the block is the identity."""
    block = {"kind": "residual", "layers": [{"kind": "dense", "units": 4, "initializer": "zeros"}], "repeat": 3}
    model = build(make_spec([block]), ROWS, n_outputs=3)
    inner = keras.Model(model.input, model.get_layer("residual_3_add").output)
    assert np.array_equal(inner(ROWS), ROWS)


@pytest.mark.parametrize(
    ("layers", "inputs"),
    [
        ([{"kind": "dense", "units": 7}], ROWS),
        ([{"kind": "conv2d", "filters": 7, "strides": 2, "padding": "same"}], IMAGES),
        ([{"kind": "conv2d", "filters": 7, "padding": "same"}, {"kind": "max_pool", "padding": "same"}], IMAGES),
    ],
)
def test_a_residual_block_of_another_shape_projects_its_input(layers: list[Any], inputs: np.ndarray) -> None:
    model = build(make_spec([{"kind": "residual", "layers": layers, "activation": "relu"}, "flatten"]), inputs)
    assert model.get_layer("residual_1_shortcut").use_bias is False
    assert model(inputs[:2]).shape == (2, 10)


def test_images_get_a_channel_axis_where_one_is_needed() -> None:
    assert build(make_spec([{"kind": "conv2d", "filters": 2}, "global_average_pool"])).output_shape == (None, 10)
    assert build(make_spec(["max_pool", "flatten"])).get_layer("max_pool_1").output.shape == (None, 14, 14, 1)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (["flatten", {"kind": "conv2d", "filters": 3}], "model.layers.1: conv2d needs images, but gets 784"),
        ([{"kind": "dense", "units": 3}], "model.layers.0: the output layer gets 28 × 3"),
        (
            ["flatten", {"kind": "reshape", "shape": [3, 3]}, "flatten"],
            "model.layers.1: reshape does not fit its input, 784",
        ),
        ([*["max_pool"] * 5, "flatten"], "model.layers.4: "),
        (
            [{"kind": "residual", "layers": ["flatten", "flatten"]}, "flatten"],
            "model.layers.0: a branch that turns 28 × 28 into 784",
        ),
        (
            [{"kind": "residual", "layers": [{"kind": "conv2d", "filters": 3, "kernel_size": 40}]}],
            "model.layers.0.layers.0: ",
        ),
        (
            ["flatten", {"kind": "dense", "units": 1, "activation": "softmax"}],
            "model.layers.1: a softmax over one value is always 1",
        ),
        (
            ["global_average_pool", {"kind": "activation", "function": "softmax"}, "flatten"],
            "model.layers.1: a softmax over one value is always 1",
        ),
    ],
)
def test_a_layer_that_does_not_fit_is_named(layers: list[Any], message: str) -> None:
    assert message in refuse(make_spec(layers))


@pytest.mark.parametrize(
    ("sections", "task", "n_outputs", "expected"),
    [
        ({}, "classes", 10, ("sparse_categorical_crossentropy", "index", 10, "softmax")),
        ({}, "classes", 2, ("binary_crossentropy", "column", 1, "sigmoid")),
        (
            {"loss": "sparse_categorical_crossentropy"},
            "classes",
            2,
            ("sparse_categorical_crossentropy", "index", 2, "softmax"),
        ),
        ({"loss": "categorical_crossentropy"}, "classes", 3, ("categorical_crossentropy", "one_hot", 3, "softmax")),
        ({"loss": "binary_crossentropy"}, "classes", 3, ("binary_crossentropy", "one_hot", 3, "sigmoid")),
        ({"loss": "hinge"}, "classes", 2, ("hinge", "column", 1, "tanh")),
        ({"loss": "mse"}, "classes", 3, ("mse", "one_hot", 3, "softmax")),
        ({}, "numbers", 1, ("mse", "numbers", 1, "linear")),
        ({"loss": "huber"}, "numbers", 4, ("huber", "numbers", 4, "linear")),
    ],
)
def test_the_output_follows_from_data_and_loss(sections: Any, task: str, n_outputs: int, expected: Any) -> None:
    spec = make_spec(["flatten"], **sections)
    head = choose_head(spec, task=task, n_outputs=n_outputs)
    assert (head.loss, head.targets, head.units, head.activation) == expected
    output = build(spec, ROWS, task, n_outputs).get_layer("output")
    assert (output.units, output.activation.__name__) == (expected[2], expected[3])


def test_an_output_that_cannot_be_is_refused() -> None:
    assert "loss: hinge is for classes" in refuse(make_spec(["flatten"], loss="hinge"), inputs=ROWS, task="numbers")
    wrong_units = make_spec(["flatten"], model={"output": {"units": 5}})
    assert "model.output.units: must be 10" in refuse(wrong_units)
    for activation in ("prelu", "linear", "sigmoid"):
        assert "model.output.activation" in refuse(make_spec(["flatten"], model={"output": {"activation": activation}}))
    alone = make_spec(["flatten"], model={"output": {"activation": "softmax"}}, loss="hinge")
    assert "Write `auto`, which means tanh here" in refuse(alone, n_outputs=2)


@pytest.mark.parametrize(
    ("metrics", "sections", "message"),
    [
        (["mae"], {}, "metrics.0"),
        ([{"kind": "top_k_accuracy", "k": 10}], {}, "metrics.0"),
        (["accuracy", "r2"], {"loss": "sparse_categorical_crossentropy"}, "metrics.1"),
    ],
)
def test_a_metric_that_does_not_suit_the_targets_is_refused(metrics: Any, sections: Any, message: str) -> None:
    spec = make_spec(["flatten"], metrics=metrics, **sections)
    with pytest.raises(SpecError) as caught:
        build_metrics(spec, choose_head(spec, task="classes", n_outputs=10))
    assert caught.value.faults[0].path == message


def test_standardizing_is_by_the_training_part_s_statistics() -> None:
    """Against NumPy in float64; a feature that never varies is only centred."""
    images = IMAGES.copy()
    images[:, 0, 0] = 7
    mean, variance = mean_and_variance(images)
    assert mean == pytest.approx(images.mean(axis=0, dtype=np.float64))
    assert variance[1:] == pytest.approx(images.var(axis=0, dtype=np.float64)[1:])
    (layer,) = build_scaling("standardize", images)
    scaled = np.asarray(layer(images))
    assert scaled.mean(axis=0) == pytest.approx(0, abs=1e-5)
    assert scaled.std(axis=0)[1:] == pytest.approx(1, abs=1e-4)
    assert np.all(scaled[:, 0, 0] == 0)


@pytest.mark.parametrize("factor", [1e-9, 1e30])
def test_what_standardizing_cannot_scale_is_refused(factor: float) -> None:
    assert "data.scaling: " in refuse(
        make_spec(["flatten"], data={"scaling": "standardize"}), inputs=(ROWS * factor).astype(np.float32), n_outputs=3
    )


def test_unit_scaling_divides_pixels_and_ranges_features() -> None:
    (pixels,) = build_scaling("unit", IMAGES)
    assert np.asarray(pixels(IMAGES)) == pytest.approx(IMAGES / 255)
    rows = ROWS.copy()
    rows[:, 2] = 5
    (features,) = build_scaling("unit", rows)
    scaled = np.asarray(features(rows))
    assert scaled.min(axis=0) == pytest.approx(0, abs=1e-6)
    assert scaled.max(axis=0)[[0, 1, 3]] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("dropout", ["none", {"kind": "alpha_dropout", "rate": 0.1}])
def test_selu_keeps_mean_and_deviation_through_a_hundred_layers(dropout: Any) -> None:
    """At initialization, on standardized inputs: within 0.1 of mean 0 and 10 % of deviation 1 (Klambauer, 2017)."""
    inputs = np.random.default_rng(0).normal(3, 2, (500, 100)).astype(np.float32)
    defaults = {"activation": "selu", "initializer": "lecun_normal", "dropout": dropout}
    spec = make_spec([{"kind": "dense", "units": 100, "repeat": 100}], defaults, data={"scaling": "standardize"})
    model = build(spec, inputs)
    hidden = [layer.output for layer in model.layers if layer.name.startswith("dense_")]
    for activations in keras.Model(model.input, hidden)(inputs, training=True):
        assert abs(float(np.mean(activations))) <= 0.1
        assert abs(float(np.std(activations)) - 1) <= 0.1


@pytest.mark.parametrize(
    ("loss", "activation"),
    [("auto", "sigmoid"), ("binary_focal_crossentropy", "sigmoid"), ("hinge", "tanh"), ("mse", "sigmoid")],
)
def test_labels_get_one_output_each(loss: str, activation: str) -> None:
    """Two labels are not two classes."""
    spec = make_spec(["flatten"], loss=loss)
    for n_labels in (1, 2, 3):
        head = choose_head(spec, task="labels", n_outputs=n_labels)
        kind = "binary_crossentropy" if loss == "auto" else loss
        assert (head.loss, head.targets, head.units, head.activation) == (kind, "labels", n_labels, activation)


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy", "categorical_hinge"])
def test_labels_are_not_classes(loss: str) -> None:
    assert "loss: " in refuse(make_spec(["flatten"], loss=loss), inputs=ROWS, task="labels", n_outputs=3)
    softmax = make_spec(["flatten"], model={"output": {"activation": "softmax"}}, loss="mse")
    assert "model.output.activation" in refuse(softmax, inputs=ROWS, task="labels", n_outputs=3)


def test_metrics_of_labels_are_those_of_numpy() -> None:
    """Accuracy and crossentropy are means over all labels, precision and recall pool them, areas are averaged."""
    metrics = ["accuracy", "crossentropy", "precision", "recall", "auc_roc", "f1_score"]
    spec = make_spec(["flatten"], metrics=metrics)
    built = build_metrics(spec, choose_head(spec, task="labels", n_outputs=2))
    draw = np.random.default_rng(5)
    labels = draw.integers(0, 2, (40, 2)).astype(np.float32)
    p = np.clip(0.4 * labels + draw.uniform(0, 0.6, (40, 2)) - [0, 0.1], 0.01, 0.99).astype(np.float32)
    for metric in built:
        metric.update_state(labels, p)
    found = {metric.name: float(metric.result()) for metric in built}
    is_right, said = (p > 0.5) == labels, p > 0.5
    hits = (said * labels).sum(axis=0)
    expected = {
        "accuracy": is_right.mean(),
        "crossentropy": -np.log(np.where(labels, p, 1 - p)).mean(),
        "precision": hits.sum() / said.sum(),
        "recall": hits.sum() / labels.sum(),
        "auc_roc": np.mean([np.mean(p[labels[:, k] == 1, k][:, None] > p[labels[:, k] == 0, k]) for k in range(2)]),
        "f1_score": np.mean(2 * hits / (said.sum(axis=0) + labels.sum(axis=0))),
    }
    assert found == pytest.approx(expected, abs=0.01)
    assert 0.5 < expected["accuracy"] < 1


@pytest.mark.parametrize(
    ("k", "task", "n_outputs", "message"),
    [
        (2, "labels", 3, "Labels allow accuracy"),
        (5, "labels", 3, "Labels allow"),
        (5, "classes", 2, "Two classes with"),
    ],
)
def test_a_metric_of_many_classes_is_refused_for_other_targets(k: int, task: str, n_outputs: int, message: str) -> None:
    spec = make_spec(["flatten"], metrics=[{"kind": "top_k_accuracy", "k": k}])
    with pytest.raises(SpecError, match=message):
        build_metrics(spec, choose_head(spec, task=task, n_outputs=n_outputs))


@pytest.mark.parametrize(("task", "targets"), [("classes", [[1], [0], [1]]), ("labels", [[1, 0], [0, 1], [1, 1]])])
def test_the_accuracy_of_scores_compares_them_with_zero(task: str, targets: list[list[int]]) -> None:
    labels = np.array(targets, np.float32)
    spec = make_spec(["flatten"], loss="hinge")
    (accuracy,) = build_metrics(spec, choose_head(spec, task=task, n_outputs=2))
    accuracy.update_state(labels, (2 * labels - 1) * 0.2)
    assert float(accuracy.result()) == 1


@pytest.mark.parametrize(
    "metric", ["crossentropy", "precision", "recall", "auc_roc", "auc_precision_recall", "f1_score"]
)
@pytest.mark.parametrize(("task", "n_outputs"), [("classes", 2), ("labels", 3)])
def test_a_metric_of_probabilities_is_refused_for_scores(metric: str, task: str, n_outputs: int) -> None:
    """The outputs of `hinge` are from -1 to 1, which Keras would compare with thresholds from 0 to 1."""
    spec = make_spec(["flatten"], loss="hinge", metrics=["accuracy", metric])
    with pytest.raises(
        SpecError, match=r"from probabilities, but with the loss hinge outputs are from -1 to 1"
    ) as caught:
        build_metrics(spec, choose_head(spec, task=task, n_outputs=n_outputs))
    assert caught.value.faults[0].path == "metrics.1"

"""The builder's closed dicts, layer by layer, against Keras's own definitions and plain formulas."""

from __future__ import annotations

from typing import Any, get_args

import keras
import numpy as np
import pytest

from dnnctl.builder.activation import ACTIVATIONS, build_activation
from dnnctl.builder.constraint import CONSTRAINTS, build_constraint
from dnnctl.builder.dropout import DROPOUTS
from dnnctl.builder.initializer import INITIALIZERS, build_initializer
from dnnctl.builder.layer import PLAIN_LAYERS
from dnnctl.builder.loss import LOSSES
from dnnctl.builder.metric import BINARY, NUMBER
from dnnctl.builder.names import Names
from dnnctl.builder.normalization import NORMALIZATIONS
from dnnctl.builder.optimizer import OPTIMIZERS, build_optimizer
from dnnctl.builder.regularizer import REGULARIZERS, build_regularizer
from dnnctl.layers import RReLU, Swish
from dnnctl.runner.schedule import SCHEDULES
from dnnctl.specs.activation import Activation, PlainActivation
from dnnctl.specs.common_kind import Auto, Inherit, Nothing
from dnnctl.specs.constraint import Constraint
from dnnctl.specs.dropout import DropoutChoice
from dnnctl.specs.field import Section
from dnnctl.specs.initializer import Initializer, NamedInitializer
from dnnctl.specs.layer import ActivationLayer, Layer, Residual, WeightedLayer
from dnnctl.specs.loss import Loss
from dnnctl.specs.metric import BinaryMetric, NumberMetric
from dnnctl.specs.normalization import Normalization
from dnnctl.specs.optimizer import Optimizer
from dnnctl.specs.reading.introspection import kinds_of, members
from dnnctl.specs.regularizer import Regularizer
from dnnctl.specs.schedule import Schedule


class Holder(Section):
    activation: Activation = PlainActivation(kind="linear")
    initializer: Initializer = NamedInitializer(kind="zeros")
    regularizer: Regularizer = Nothing(kind="none")
    constraint: Constraint = Nothing(kind="none")
    optimizer: Optimizer | None = None


def parse(**value: Any) -> Any:
    ((name, entry),) = value.items()
    return getattr(Holder.model_validate({name: entry}), name)


NOT_BUILT = {Nothing, Auto, Inherit}


@pytest.mark.parametrize(
    ("builders", "choice", "elsewhere"),
    [
        (ACTIVATIONS, Activation, set()),
        (INITIALIZERS, Initializer, set()),
        (NORMALIZATIONS, Normalization, set()),
        (DROPOUTS, DropoutChoice, set()),
        (REGULARIZERS, Regularizer, set()),
        (CONSTRAINTS, Constraint, set()),
        (SCHEDULES, Schedule, set()),
    ],
    ids=["activation", "initializer", "normalization", "dropout", "regularizer", "constraint", "schedule"],
)
def test_the_builders_are_exactly_the_alternatives(builders: dict[Any, Any], choice: Any, elsewhere: set[Any]) -> None:
    assert set(builders) - NOT_BUILT == set(members(choice)) - NOT_BUILT - elsewhere


def test_every_layer_has_a_builder() -> None:
    kinds = set(members(Layer))
    own_way = {kind for kind in kinds if issubclass(kind, WeightedLayer)} | {ActivationLayer, Residual}
    assert set(PLAIN_LAYERS) | set(DROPOUTS) | own_way == kinds


def test_every_optimizer_loss_and_metric_has_a_builder() -> None:
    assert set(OPTIMIZERS) == set(kinds_of(members(Optimizer)))
    assert set(LOSSES) == set(kinds_of(members(Loss))) - {"auto"}
    assert set(BINARY) == set(get_args(BinaryMetric.model_fields["kind"].annotation))
    assert set(NUMBER) == set(get_args(NumberMetric.model_fields["kind"].annotation))


def test_every_optimizer_of_keras_can_be_asked_for() -> None:
    theirs = {
        value
        for value in vars(keras.optimizers).values()
        if isinstance(value, type) and issubclass(value, keras.optimizers.Optimizer)
    }
    wrappers = {keras.optimizers.Optimizer, keras.optimizers.LossScaleOptimizer}
    wrappers |= {value for value in theirs if value.__name__ == "MultiOptimizer"}
    assert theirs - wrappers == set(OPTIMIZERS.values())


@pytest.mark.parametrize("kind", sorted(OPTIMIZERS))
def test_an_optimizer_has_keras_s_own_defaults(kind: str) -> None:
    """A spec that names only the optimizer means what Keras means by it."""
    ours, theirs = build_optimizer(parse(optimizer=kind)).get_config(), OPTIMIZERS[kind]().get_config()
    ours.pop("name"), theirs.pop("name")
    assert ours == {key: value.item() if hasattr(value, "item") else value for key, value in theirs.items()}


@pytest.mark.parametrize(
    ("clip", "key"), [("norm", "clipnorm"), ("value", "clipvalue"), ("global_norm", "global_clipnorm")]
)
def test_clipping_is_given_to_keras(clip: str, key: str) -> None:
    config = build_optimizer(parse(optimizer={"kind": "sgd", "clip": {"kind": clip, "value": 0.5}})).get_config()
    found = {name: config[name] for name in ("clipnorm", "clipvalue", "global_clipnorm")}
    assert found == {**dict.fromkeys(found), key: 0.5}


FAN_IN, FAN_OUT = 400, 200
FANS = {"glorot": (FAN_IN + FAN_OUT) / 2, "he": FAN_IN / 2, "lecun": FAN_IN}


@pytest.mark.parametrize("author", FANS)
@pytest.mark.parametrize("shape", ["normal", "uniform"])
def test_named_initializers_have_the_variance_of_their_formula(author: str, shape: str) -> None:
    """σ² = 1/fan_avg, 2/fan_in, 1/fan_in; a uniform draw ends at √(3σ²), a normal one at 2σ/0.8796."""
    draw = np.asarray(build_initializer(parse(initializer=f"{author}_{shape}"), seed=3)((FAN_IN, FAN_OUT)))
    variance = 1 / FANS[author]
    assert draw.var() == pytest.approx(variance, rel=0.02)
    assert draw.mean() == pytest.approx(0, abs=3 * np.sqrt(variance / draw.size))
    limit = np.sqrt(3 * variance) if shape == "uniform" else 2 * np.sqrt(variance) / 0.87962566
    assert np.abs(draw).max() == pytest.approx(limit, rel=0.01)


@pytest.mark.parametrize(
    ("spec", "variance"),
    [
        ({"kind": "variance_scaling", "scale": 2, "mode": "fan_avg", "distribution": "uniform"}, 2 / 300),
        ({"kind": "variance_scaling", "scale": 3, "mode": "fan_out", "distribution": "untruncated_normal"}, 3 / 200),
        ({"kind": "random_normal", "stddev": 0.01}, 1e-4),
        ({"kind": "random_uniform", "limit": 0.3}, 0.3**2 / 3),
        ({"kind": "orthogonal", "gain": 2}, 4 / 400),
        ({"kind": "constant", "value": 5}, 0),
        ("zeros", 0),
        ("ones", 0),
    ],
)
def test_other_initializers_have_the_variance_they_are_given(spec: Any, variance: float) -> None:
    draw = np.asarray(build_initializer(parse(initializer=spec), seed=3)((FAN_IN, FAN_OUT)))
    assert draw.var() == pytest.approx(variance, rel=0.03, abs=1e-12)


Z = np.linspace(-3, 3, 61, dtype=np.float32)[None, :]


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


FORMULAS: dict[str, tuple[Any, Any]] = {
    "linear": ("linear", lambda z: z),
    "relu": ("relu", lambda z: np.maximum(z, 0)),
    "relu6": ("relu6", lambda z: np.clip(z, 0, 6)),
    "leaky_relu": ({"kind": "leaky_relu", "slope": 0.3}, lambda z: np.where(z > 0, z, 0.3 * z)),
    "prelu": ({"kind": "prelu", "initial_slope": 0.25}, lambda z: np.where(z > 0, z, 0.25 * z)),
    "rrelu at inference": ("rrelu", lambda z: np.where(z > 0, z, (1 / 8 + 1 / 3) / 2 * z)),
    "elu": ({"kind": "elu", "alpha": 0.5}, lambda z: np.where(z > 0, z, 0.5 * (np.exp(z) - 1))),
    "elu 1": ("elu", lambda z: np.where(z > 0, z, np.exp(z) - 1)),
    "celu": ("celu", lambda z: np.where(z > 0, z, np.exp(z) - 1)),
    "selu": ("selu", lambda z: 1.05070098 * np.where(z > 0, z, 1.67326324 * (np.exp(z) - 1))),
    "swish": ("swish", lambda z: z * sigmoid(z)),
    "silu": ("silu", lambda z: z * sigmoid(z)),
    "swish 2": ({"kind": "swish", "beta": 2}, lambda z: z * sigmoid(2 * z)),
    "hard_swish": ("hard_swish", lambda z: z * np.clip(z / 6 + 0.5, 0, 1)),
    "mish": ("mish", lambda z: z * np.tanh(np.log1p(np.exp(z)))),
    "gelu": ("gelu", lambda z: z * 0.5 * (1 + np.vectorize(__import__("math").erf)(z / np.sqrt(2)))),
    "tanh": ("tanh", np.tanh),
    "sigmoid": ("sigmoid", sigmoid),
    "hard_sigmoid": ("hard_sigmoid", lambda z: np.clip(z / 6 + 0.5, 0, 1)),
    "hard_tanh": ("hard_tanh", lambda z: np.clip(z, -1, 1)),
    "softplus": ("softplus", lambda z: np.log1p(np.exp(z))),
    "softsign": ("softsign", lambda z: z / (1 + np.abs(z))),
    "softmax": ("softmax", lambda z: np.exp(z) / np.exp(z).sum()),
    "exponential": ("exponential", np.exp),
    "log_sigmoid": ("log_sigmoid", lambda z: np.log(sigmoid(z))),
    "squareplus": ("squareplus", lambda z: (z + np.sqrt(z**2 + 4)) / 2),
    "tanh_shrink": ("tanh_shrink", lambda z: z - np.tanh(z)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_activations_equal_their_formulas(name: str) -> None:
    spec, formula = FORMULAS[name]
    layer = build_activation(parse(activation=spec), Names(1), "activation_1", n_axes=2)
    assert np.asarray(layer(Z)) == pytest.approx(formula(Z.astype(np.float64)), abs=2e-6)


def test_every_activation_but_sparsemax_has_its_formula_tested() -> None:
    tested = {spec if isinstance(spec, str) else spec["kind"] for spec, _ in FORMULAS.values()}
    assert set(kinds_of(members(Activation))) - tested == {"sparsemax"}


def test_rrelu_draws_a_slope_for_each_element_in_training() -> None:
    """The slopes are uniform over the range: their mean and variance are the formula's, none is outside."""
    layer = RReLU(0.1, 0.5, seed=5)
    slopes = -np.asarray(layer(-np.ones((200, 500), np.float32), training=True))
    assert slopes.min() >= 0.1
    assert slopes.max() <= 0.5
    assert slopes.mean() == pytest.approx(0.3, abs=2e-3)
    assert slopes.var() == pytest.approx(0.4**2 / 12, rel=0.02)
    assert np.all(np.asarray(layer(np.ones((3, 3), np.float32), training=True)) == 1)
    assert not np.array_equal(slopes, -np.asarray(layer(-np.ones((200, 500), np.float32), training=True)))


@pytest.mark.parametrize("layer", [RReLU(0.1, 0.2, seed=3), Swish(2.0)])
def test_own_layers_survive_saving(layer: keras.layers.Layer) -> None:
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert np.array_equal(layer(Z), again(Z))


def test_prelu_shares_its_slopes_over_the_pixels_of_a_channel() -> None:
    layer = build_activation(parse(activation="prelu"), Names(1), "activation_1", n_axes=4)
    layer.build((None, 8, 8, 3))
    assert layer.count_params() == 3


W = np.random.default_rng(3).normal(size=(20, 7)).astype(np.float32)


@pytest.mark.parametrize(
    ("spec", "formula"),
    [
        ({"kind": "l2", "strength": 0.1}, lambda w: 0.1 * (w**2).sum()),
        ({"kind": "l1", "strength": 0.2}, lambda w: 0.2 * np.abs(w).sum()),
        ({"kind": "l1_l2", "l1": 0.1, "l2": 0.3}, lambda w: 0.1 * np.abs(w).sum() + 0.3 * (w**2).sum()),
    ],
)
def test_regularizers_equal_their_formulas(spec: Any, formula: Any) -> None:
    regularizer = build_regularizer(parse(regularizer=spec))
    assert regularizer is not None
    assert float(regularizer(keras.ops.convert_to_tensor(W))) == pytest.approx(formula(W), rel=1e-5)


@pytest.mark.parametrize(
    ("spec", "low", "high"),
    [
        ({"kind": "max_norm", "radius": 2}, 0, 2),
        ({"kind": "min_max_norm", "low": 1, "high": 2}, 1, 2),
        ("unit_norm", 1, 1),
    ],
)
@pytest.mark.parametrize(("shape", "axis"), [((20, 7), 0), ((3, 3, 4, 7), [0, 1, 2])])
def test_constraints_bound_each_unit_s_incoming_weights(
    spec: Any, low: float, high: float, shape: Any, axis: Any
) -> None:
    constraint = build_constraint(parse(constraint=spec), axis)
    assert constraint is not None
    weights = np.random.default_rng(3).normal(size=shape).astype(np.float32) * np.linspace(0.01, 3, 7, dtype=np.float32)
    norms = np.sqrt((np.asarray(constraint(weights)) ** 2).sum(axis=tuple(np.atleast_1d(axis))))
    assert norms.max() <= high + 1e-5
    assert norms.min() >= low - 1e-5

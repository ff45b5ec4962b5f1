"""The hidden layers with what they inherit, and the order of their parts."""

from __future__ import annotations

from pathlib import Path

from dnnctl.advice.network import Network, network_of
from dnnctl.specs import load

TEXT = """name: x
data: fashion_mnist_sample
model:
  defaults: {activation: relu, initializer: he_normal, dropout: {kind: dropout, rate: 0.1}}
  layers: [%s]
"""


def network(layers: str, folder: Path) -> Network:
    path = folder / "x.yaml"
    path.write_text(TEXT.replace("data: fashion_mnist_sample", "data: {source: fashion_mnist_sample}") % layers)
    return network_of(load(path).spec)


def test_a_layer_inherits_what_it_does_not_say(tmp_path: Path) -> None:
    first, second = network("{kind: dense, units: 3, activation: tanh}, {kind: dense, units: 3}", tmp_path).hidden
    assert (first.activation, first.paths["activation"]) == ("tanh", ("model", "layers", 0, "activation"))
    assert (second.activation, second.paths["activation"]) == ("relu", ("model", "defaults", "activation"))
    assert first.values["initializer"].kind == second.values["initializer"].kind == "he_normal"


def test_an_activation_of_its_own_belongs_to_the_layer_before(tmp_path: Path) -> None:
    dense = "{kind: dense, units: 3, activation: linear}"
    layers = f"{dense}, batch_norm, {{kind: activation, function: elu}}, {dense}"
    first, second = network(layers, tmp_path).hidden
    assert (first.activation, first.paths["activation"]) == ("elu", ("model", "layers", 2, "function"))
    assert second.activation == "linear"


def test_the_activation_of_a_residual_block_belongs_to_its_last_layer(tmp_path: Path) -> None:
    block = "{kind: residual, activation: gelu, repeat: 3, layers: [{kind: dense, units: 3, activation: linear}]}"
    found = network(block, tmp_path)
    assert [(each.activation, each.in_residual) for each in found.hidden] == [("gelu", True)]
    assert (found.depth, found.has_residual) == (3, True)


def test_repeated_layers_count_as_often_as_they_are_repeated(tmp_path: Path) -> None:
    block = "{kind: residual, repeat: 3, layers: [{kind: dense, units: 3, repeat: 2}]}"
    assert network(f"flatten, {block}, {{kind: dense, units: 4, repeat: 5}}", tmp_path).depth == 3 * 2 + 5


def test_parts_are_in_the_order_of_the_forward_pass(tmp_path: Path) -> None:
    """As the builder orders them: weights, normalization before the activation or after it, dropout."""
    before = "{kind: dense, units: 3, normalization: batch}"
    after = "{kind: dense, units: 3, normalization: {kind: layer, position: after_activation}}"
    kinds = [part.kind for part in network(f"flatten, {before}, {after}", tmp_path).parts]
    assert kinds == [
        "flatten",
        "weights",
        "batch",
        "activation",
        "dropout",
        "weights",
        "activation",
        "layer",
        "dropout",
    ]


def test_a_normalization_of_the_inputs_is_none_of_the_network(tmp_path: Path) -> None:
    first = network("batch_norm, flatten, {kind: dense, units: 3}", tmp_path)
    assert (first.starts_normalized, first.is_normalized) == (True, False)
    later = network("flatten, {kind: dense, units: 3}, batch_norm", tmp_path)
    assert (later.starts_normalized, later.is_normalized) == (False, True)

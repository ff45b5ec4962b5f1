"""Pretraining learns from inputs without labels, and training starts from the pretrained weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import pytest

from dnnctl.builder.autoencoder import build_autoencoder, parts_of
from dnnctl.builder.decoder import mirror
from dnnctl.builder.front import core_of
from dnnctl.builder.gan import build_gan
from dnnctl.builder.model import Network, build_network
from dnnctl.builder.optimizer import build_optimizer
from dnnctl.builder.output import choose_head
from dnnctl.commands.fork import fork
from dnnctl.commands.train import train
from dnnctl.data.load import load_data
from dnnctl.errors import SpecError
from dnnctl.runner.shuffle import epoch_order
from dnnctl.seeds import derive_seed
from dnnctl.specs import Spec, load
from dnnctl.specs.common_kind import NONE
from dnnctl.store.files import read_json_lines
from dnnctl.store.record import RunRecord
from sample_specs import small_spec, write_spec
from sample_tables import draw_columns, encode, fit_encoding, write_table

CONV = [
    {"kind": "conv2d", "filters": 4, "padding": "same"}, "max_pool", {"kind": "conv2d", "filters": 3, "strides": 2},
    "flatten", {"kind": "dense", "units": 5},
]  # fmt: skip
NETS: dict[str, list[Any]] = {
    "dense": ["flatten", {"kind": "dense", "units": 8}, {"kind": "dense", "units": 5}],
    "conv": CONV,
    "mean over the image": [{"kind": "conv2d", "filters": 4}, "global_average_pool"],
    "residual": [
        "flatten", {"kind": "dense", "units": 8}, {"kind": "residual", "layers": [{"kind": "dense", "units": 4}]},
    ],
    "dense on rows": [{"kind": "dense", "units": 4}, "flatten", {"kind": "dense", "units": 5}],
    "norm and noise": [
        "flatten", "batch_norm", {"kind": "dropout", "rate": 0.5}, {"kind": "dense", "units": 8}, "layer_norm",
        {"kind": "dense", "units": 5, "normalization": "batch", "activation": "rrelu"}, "batch_norm",
    ],
}  # fmt: skip


def network(folder: Path, layers: list[Any]) -> tuple[Network, Any]:
    model = {"defaults": {"activation": "elu"}, "layers": layers}
    spec = Spec.model_validate(small_spec(folder, model=model))
    dataset = load_data(spec.data, seed=spec.seed)
    return build_network(spec, choose_head(spec, task="classes", n_outputs=3), dataset.train.inputs), dataset


@pytest.mark.parametrize("net", NETS)
def test_a_decoder_restores_every_shape(net: str, tmp_path: Path) -> None:
    """From the output of any sequence of blocks to the shape of its input."""
    blocks = network(tmp_path, NETS[net])[0].blocks
    for start in range(len(blocks)):
        part = blocks[start:]
        assert mirror(part, part[-1].outputs, seed=1).shape == part[0].inputs.shape


@pytest.mark.parametrize("greedy", [False, True])
@pytest.mark.parametrize("net", NETS)
def test_the_loss_is_the_mean_squared_error_and_falls(net: str, greedy: bool, tmp_path: Path) -> None:
    """Trained with Keras; the first part is also compared with NumPy."""
    built, dataset = network(tmp_path, NETS[net])
    for part in parts_of(built, greedy=greedy):
        autoencoder = build_autoencoder(built, part, NONE, seed=1)
        outside = [layer for block in built.blocks if block not in part for layer in block.layers]
        before = [layer.get_weights() for layer in outside]
        autoencoder.compile(optimizer="adam", loss=lambda _, errors: errors[:, 0])
        inputs, nothing = dataset.train.inputs, np.zeros((len(dataset.train), 1))
        first = autoencoder.evaluate(inputs, nothing, verbose=0)
        autoencoder.fit(inputs, nothing, epochs=8, batch_size=16, verbose=0)
        assert autoencoder.evaluate(inputs, nothing, verbose=0) < first
        for layer, weights in zip(outside, before, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(layer.get_weights(), weights, strict=True))
        given, decoded = autoencoder.get_layer("error").input
        views = keras.Model(autoencoder.input, [given, decoded]).predict(inputs, verbose=0)
        errors = np.square(np.subtract(*views)).reshape(len(inputs), -1).mean(axis=1)
        np.testing.assert_allclose(autoencoder.predict(inputs, verbose=0)[:, 0], errors, rtol=1e-4)


PRETRAINING = {"kind": "autoencoder", "epochs": 2, "optimizer": {"kind": "adam", "learning_rate": 0.01}}
STILL = {"kind": "sgd", "learning_rate": 1e-30}


def pretrain(
    folder: Path, *, net: str = "dense", overrides: Mapping[str, str] = MappingProxyType({}), **choice: Any
) -> RunRecord:
    """A run whose supervised epoch changes nothing, so that its weights are the pretrained ones."""
    folder.mkdir(exist_ok=True)
    training = {"batch_size": 16, "epochs": 1, "pretraining": {**PRETRAINING, **choice}}
    model = {"defaults": {"activation": "elu"}, "layers": NETS[net]}
    spec = write_spec(folder, model=model, training=training, optimizer=STILL, runtime={"compile": "graph"})
    given = ["data.limit=20", *(f"{key}={value}" for key, value in overrides.items())]
    return train(load(spec, given), runs_dir=folder / "runs")


def test_pretraining_gives_the_bits_of_keras_s_fit(tmp_path: Path) -> None:
    """Bit by bit in graph mode: Keras fits the autoencoder on all inputs, of which only twenty have labels."""
    run = pretrain(tmp_path)
    built, dataset = network(tmp_path, NETS["dense"])
    (part,) = parts_of(built, greedy=False)
    autoencoder = build_autoencoder(built, part, NONE, seed=42)
    optimizer = Spec.model_validate({**small_spec(tmp_path), "optimizer": PRETRAINING["optimizer"]}).optimizer
    autoencoder.compile(optimizer=build_optimizer(optimizer), loss=lambda _, errors: errors[:, 0], jit_compile=False)
    losses = []
    for epoch in (1, 2):
        order = epoch_order(derive_seed(42, "pretraining 1"), epoch, len(dataset.train), purpose="pretraining")
        inputs, nothing = dataset.train.inputs[order], np.zeros((len(order), 1), np.float32)
        history = autoencoder.fit(inputs, nothing, batch_size=16, shuffle=False, verbose=0)
        losses += history.history["loss"]
    model = run.model()
    for name in ("dense_1", "dense_2"):
        ours, theirs = model.get_layer(name).get_weights(), built.model.get_layer(name).get_weights()
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    rows = list(read_json_lines(run.folder.pretraining))
    assert [row["loss"] for row in rows] == losses
    assert rows[-1]["step"] == 2 * 6
    assert run.rows[-1]["step"] == 2 * 6 + 2


def test_greedy_parts_are_trained_one_after_the_other(tmp_path: Path) -> None:
    """The first layer does not change after its part is trained; the loss of each part falls."""
    run = pretrain(tmp_path, greedy=True)
    rows = list(read_json_lines(run.folder.pretraining))
    assert [row["part"] for row in rows] == ["dense_1", "dense_1", "dense_2", "dense_2"]
    assert rows[0]["loss"] > rows[1]["loss"]
    assert rows[2]["loss"] > rows[3]["loss"]
    first = network(tmp_path, NETS["dense"])[0].model
    for name in ("dense_1", "dense_2"):
        assert not np.array_equal(run.model().get_layer(name).get_weights()[0], first.get_layer(name).get_weights()[0])


def test_an_autoencoder_reconstructs_augmented_examples_but_is_validated_on_the_originals(tmp_path: Path) -> None:
    """Five units cannot encode 36 independent numbers: most of the noise's variance stays in the training loss."""
    augment = {"data.augment": "[{kind: noise, stddev: 0.3}]"}
    noisy, clean = pretrain(tmp_path / "a", overrides=augment, epochs=3), pretrain(tmp_path / "b", epochs=3)
    rows = [list(read_json_lines(run.folder.pretraining))[-1] for run in (noisy, clean)]
    assert rows[0]["loss"] > rows[1]["loss"] + 0.03
    assert rows[0]["val_loss"] < rows[0]["loss"] - 0.01


def test_noise_is_added_only_to_the_encoder_s_input(tmp_path: Path) -> None:
    """Noise of deviation 1 drowns inputs from 0 to 1, so less is learned; the error is measured on clean inputs."""
    noisy = pretrain(tmp_path / "a", noise={"kind": "gaussian_noise", "stddev": 1.0}, epochs=20)
    clean = pretrain(tmp_path / "b", epochs=20)
    with np.load(tmp_path / "a" / "digits.npz") as file:
        variance = (file["x_train"][:-24] / 255).var(axis=0).mean()
    last = [list(read_json_lines(run.folder.pretraining))[-1]["loss"] for run in (noisy, clean)]
    assert last[1] < last[0] < 2 * variance < 0.1


def test_a_generator_s_output_fits_the_discriminator(tmp_path: Path) -> None:
    for net, layers in NETS.items():
        built, dataset = network(tmp_path, layers)
        pair = build_gan(built, 7, scaling="unit", seed=1)
        made = pair.generator.predict(np.zeros((2, 7)), verbose=0)
        assert made.shape == (2, *pair.scale(dataset.train.inputs[:2]).shape[1:]), net
        assert ((made >= 0) & (made <= 1)).all()
        assert pair.discriminator.predict(made, verbose=0).shape == (2, 1)


def test_a_discriminator_s_layers_are_kept(tmp_path: Path) -> None:
    """The discriminator learns to classify, and training starts from its weights."""
    run = pretrain(tmp_path, kind="gan", codings=4, epochs=6)
    rows = list(read_json_lines(run.folder.pretraining))
    assert {"discriminator_loss", "generator_loss", "discriminator_accuracy"} < set(rows[-1])
    assert rows[-1]["discriminator_accuracy"] > 0.8
    first = network(tmp_path, NETS["dense"])[0].model
    for name in ("dense_1", "dense_2"):
        assert not np.array_equal(run.model().get_layer(name).get_weights()[0], first.get_layer(name).get_weights()[0])


@pytest.mark.parametrize("kind", ["autoencoder", "gan"])
def test_pretraining_works_in_mixed_precision(kind: str, tmp_path: Path) -> None:
    """Float16 inside, float32 for the losses; with convolutions."""
    training = {"batch_size": 16, "epochs": 1, "pretraining": {"kind": kind, "epochs": 1}}
    model = {"defaults": {"activation": "elu"}, "layers": NETS["conv"]}
    spec = write_spec(tmp_path, model=model, training=training, runtime={"precision": "mixed_float16"})
    rows = train(spec, runs_dir=tmp_path / "runs").pretraining
    assert np.isfinite([value for name, value in rows[-1].items() if name.endswith("loss")]).all()


def test_scaling_is_fitted_on_all_inputs(tmp_path: Path) -> None:
    training = {"batch_size": 16, "epochs": 1, "pretraining": {**PRETRAINING, "epochs": 1}}
    run = train(
        load(write_spec(tmp_path, training=training), ["data.limit=20", "data.scaling=standardize"]),
        runs_dir=tmp_path / "runs",
    )
    with np.load(tmp_path / "digits.npz") as file:
        expected = file["x_train"][:-24].astype(np.float64).mean(axis=0)
    found = run.model().get_layer("scaling").get_config()["mean"]
    np.testing.assert_allclose(np.reshape(found, (6, 6)), expected, rtol=1e-6)


def test_pretrained_layers_can_be_frozen(tmp_path: Path) -> None:
    training = {
        "batch_size": 16, "pretraining": PRETRAINING,
        "phases": [{"epochs": 2, "freeze": "reused"}, {"epochs": 1, "optimizer": STILL}],
    }  # fmt: skip
    model = {"defaults": {"activation": "elu"}, "layers": NETS["dense"]}
    spec = write_spec(tmp_path, model=model, training=training, runtime={"compile": "graph"})
    frozen = train(load(spec, ["data.limit=20"]), runs_dir=tmp_path / "runs").model()
    expected = pretrain(tmp_path / "b").model()
    for name in ("dense_1", "dense_2"):
        assert np.array_equal(frozen.get_layer(name).get_weights()[0], expected.get_layer(name).get_weights()[0])


def test_a_fork_starts_after_the_pretraining(tmp_path: Path) -> None:
    run = pretrain(tmp_path)
    longer = fork(run.path, ["training.epochs=2"], runs_dir=tmp_path / "forks")
    assert [row["step"] for row in longer.rows] == [14, 16]
    assert longer.folder.pretraining.read_text() == run.folder.pretraining.read_text()


def test_pretraining_a_network_without_weights_is_refused(tmp_path: Path) -> None:
    spec = write_spec(tmp_path, model={"layers": ["flatten"]}, training={"pretraining": PRETRAINING})
    with pytest.raises(SpecError, match="no layer before the output has weights"):
        train(spec, runs_dir=tmp_path / "runs")


def test_reuse_and_pretraining_together_are_refused(tmp_path: Path) -> None:
    model = {"layers": NETS["dense"], "reuse": {"run": "a"}}
    with pytest.raises(SpecError, match="both set the initial weights"):
        load(write_spec(tmp_path, model=model, training={"pretraining": PRETRAINING}))


def test_an_autoencoder_leaves_embeddings_as_they_are(tmp_path: Path) -> None:
    """If they adapted to what is reconstructed, the embeddings of all categories would become equal."""
    columns = draw_columns(60)
    encoding = fit_encoding(columns, np.arange(60))
    inputs = encode(encoding, columns)
    spec = Spec.model_validate(small_spec(tmp_path, model={"layers": [{"kind": "dense", "units": 8}]}))
    built = build_network(spec, choose_head(spec, task="numbers", n_outputs=1), inputs, encoding=encoding)
    before = [layer.get_weights()[0] for layer in built.embeddings]
    (part,) = parts_of(built, greedy=False)
    autoencoder = build_autoencoder(built, part, NONE, seed=1)
    autoencoder.compile(optimizer="adam", loss=lambda _, errors: errors[:, 0])
    autoencoder.fit(inputs, np.zeros((60, 1)), epochs=2, verbose=0)
    for layer, matrix in zip(built.embeddings, before, strict=True):
        assert np.array_equal(layer.get_weights()[0], matrix)


@pytest.mark.parametrize("kind", [{"kind": "autoencoder"}, {"kind": "gan", "codings": 3}])
def test_a_table_can_be_pretrained(kind: dict[str, Any], tmp_path: Path) -> None:
    """Training starts from the pretrained block and the fresh embeddings."""
    sections = {
        "data": {"source": write_table(tmp_path), "validation": {"size": 24}},
        "model": {"layers": [{"kind": "dense", "units": 8, "activation": "elu"}]},
        "optimizer": {"kind": "sgd", "learning_rate": 1e-30},
    }
    networks = []
    for pretraining in ("none", {**kind, "epochs": 2, "optimizer": "adam"}):
        training = {"epochs": 1, "batch_size": 16, "pretraining": pretraining}
        run = train(write_spec(tmp_path, **sections, training=training), runs_dir=tmp_path)
        networks.append(core_of(run.model()))
    is_same = {
        name: np.array_equal(*(network.get_layer(name).get_weights()[0] for network in networks))
        for name in ("embedding_zip", "embedding_zip_", "dense_1")
    }
    assert is_same == {"embedding_zip": True, "embedding_zip_": True, "dense_1": False}

"""A new run starts with copies of a trained network's weights, and needs it no more."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dnnctl.builder.model import Network, build_network
from dnnctl.builder.output import choose_head
from dnnctl.builder.target_scaling import fit_target_scaling
from dnnctl.builder.transfer import Transfer, build_from, copy_scaling, load_pretrained, pretrained_scaling
from dnnctl.commands.resume import resume
from dnnctl.commands.train import train
from dnnctl.errors import RunError, SpecError
from dnnctl.events.event import Event, Reused
from dnnctl.specs import Spec
from dnnctl.specs.data import Data
from dnnctl.specs.reuse import Reuse
from dnnctl.store.checkpoint import list_checkpoints
from dnnctl.store.record import RunRecord
from recipes import kill_at
from sample_specs import outcome, write_spec

LAYERS = ["flatten", {"kind": "dense", "units": 8}, {"kind": "dense", "units": 6}]
STANDARDIZED: dict[str, Any] = {"validation": {"size": 24, "take": "last"}, "scaling": "standardize"}


def model(reuse: Any = "none", layers: Any = LAYERS) -> dict[str, Any]:
    return {"defaults": {"activation": "relu", "normalization": "batch"}, "layers": layers, "reuse": reuse}


def spec_in(folder: Path, name: str, **sections: Any) -> Path:
    folder.mkdir(exist_ok=True)
    source = {"kind": "npz", "path": str(folder / "digits.npz")}
    data = {"source": source, **STANDARDIZED, **sections.pop("data", {})}
    return write_spec(folder, **{"name": name, "data": data, "model": model(), **sections})


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    folder = tmp_path_factory.mktemp("source")
    return train(spec_in(folder, "source", data={"limit": 60}), runs_dir=folder / "runs")


def start(source: RunRecord, folder: Path, **sections: Any) -> RunRecord:
    """A run that reuses the source, after one epoch with a rate of next to nothing."""
    still = {"kind": "sgd", "learning_rate": 1e-30}
    sections = {"optimizer": still, "training": {"epochs": 1, "batch_size": 16}, **sections}
    sections.setdefault("model", model({"run": str(source.path)}))
    return train(spec_in(folder, "target", **sections), runs_dir=folder / "runs")


def weights(run: RunRecord, layer: str) -> list[np.ndarray]:
    return [np.asarray(w) for w in run.model().get_layer(layer).get_weights()]


def are_equal(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def files(folder: Path) -> dict[str, str]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.mark.parametrize(
    ("layers", "taken"),
    [
        ("all_but_last", {"dense_1", "dense_1_batch_norm", "dense_2", "dense_2_batch_norm"}),
        (1, {"dense_1", "dense_1_batch_norm"}),
        (["dense_2"], {"dense_2", "dense_2_batch_norm"}),
    ],
)
def test_the_named_layers_have_the_source_s_weights(
    layers: Any, taken: set[str], source: RunRecord, tmp_path: Path
) -> None:
    """With what belongs to them, and no others; nothing moves while they are frozen."""
    run = start(source, tmp_path, model=model({"run": str(source.path), "layers": layers}))
    for layer in ("dense_1", "dense_1_batch_norm", "dense_2", "dense_2_batch_norm", "output"):
        assert are_equal(weights(run, layer), weights(source, layer)) == (layer in taken), layer


def test_the_source_keeps_every_byte(source: RunRecord, tmp_path: Path) -> None:
    before = files(source.path)
    start(source, tmp_path, model=model({"run": str(source.path), "freeze": False}), optimizer="adam")
    assert files(source.path) == before


def test_inputs_are_scaled_as_they_were_for_the_source(source: RunRecord, tmp_path: Path) -> None:
    """Its statistics are of 60 examples: fitted again, they would differ."""
    run = start(source, tmp_path)
    configs = [each.model().get_layer("scaling").get_config() for each in (run, source)]
    assert np.array_equal(configs[0]["mean"], configs[1]["mean"])
    fresh = start(source, tmp_path / "fresh", model=model())
    assert not np.array_equal(fresh.model().get_layer("scaling").get_config()["mean"], configs[1]["mean"])


def test_other_scaling_is_refused(source: RunRecord, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="Write `scaling: standardize`"):
        start(source, tmp_path, data={"scaling": "unit"})


def test_the_default_scaling_is_none_for_inputs_that_are_not_a_table() -> None:
    """A run that was trained without scaling can be reused by a spec that does not mention it."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    chosen = Reuse(run="some run")
    assert pretrained_scaling(model, chosen, Data.model_validate({"source": "mnist"})) is None
    with pytest.raises(SpecError, match="Write `scaling: none`"):
        pretrained_scaling(model, chosen, Data.model_validate({"source": "mnist", "scaling": "unit"}))


def test_a_killed_run_resumes_though_the_source_is_gone(source: RunRecord, tmp_path: Path) -> None:
    """Before its first checkpoint too: it keeps a copy of what it started with."""
    copy = Path(shutil.copytree(source.path, tmp_path / "source" / source.id))
    reuse = {"run": str(copy)}
    phases = {"phases": [{"epochs": 1, "freeze": "reused"}, {"epochs": 2, "optimizer": "adam"}], "batch_size": 16}
    spec = spec_in(tmp_path, "target", model=model(reuse), training=phases)
    whole = train(spec, runs_dir=tmp_path / "whole")
    kill_at("train", spec, tmp_path / "early", "after_steps", 1)
    kill_at("train", spec, tmp_path / "late", "after_row", 2)
    shutil.rmtree(copy)
    for runs in ("early", "late"):
        (path,) = (tmp_path / runs).iterdir()
        assert bool(list_checkpoints(path / "checkpoints")) == (runs == "late")
        assert outcome(resume(path)) == outcome(whole)


def test_lineage_is_reported_and_recorded(source: RunRecord, tmp_path: Path) -> None:
    facts: list[Event] = []
    spec = spec_in(tmp_path, "target", model=model({"run": "source"}), training={"epochs": 1})
    runs = tmp_path / "runs"
    shutil.copytree(source.path, runs / source.id)
    run = train(spec, runs_dir=runs, report=facts.append)
    names = ("dense_1", "dense_1_batch_norm", "dense_2", "dense_2_batch_norm")
    matched = [(name, name) for name in names]
    assert Reused(source.id, ["dense_1", "dense_2"], run.spec["data"]["scaling"], matched) in facts
    assert run.spec["model"]["reuse"]["run"] == source.id
    digest = hashlib.sha256(source.folder.model.read_bytes()).hexdigest()
    assert (run.facts.reuse.run, run.facts.reuse.sha256) == (source.id, digest)


def test_a_net_of_keras_s_own_is_reused_from_its_file(tmp_path: Path) -> None:
    """Any .keras file: layers are matched in order, not by name."""
    theirs = keras.Sequential(
        [keras.Input((6, 6)), keras.layers.Flatten(), keras.layers.Dense(8, name="hidden"), keras.layers.Dense(2)]
    )
    theirs.save(tmp_path / "theirs.keras")
    layers = {"layers": ["flatten", {"kind": "dense", "units": 8}], "reuse": {"run": "theirs.keras"}}
    still = {"kind": "sgd", "learning_rate": 1e-30}
    spec = spec_in(
        tmp_path, "t", model=layers, data={"scaling": "none"}, optimizer=still, training={"epochs": 1, "batch_size": 16}
    )
    run = train(spec, runs_dir=tmp_path / "runs")
    assert are_equal(weights(run, "dense_1"), theirs.get_layer("hidden").get_weights())


def foreign(folder: Path, *first: keras.layers.Layer, activation: str = "relu") -> Path:
    """A network that another program made, (6, 6) → 2."""
    hidden = keras.layers.Dense(8, activation=activation, name="dense_1")
    net = keras.Sequential(
        [keras.Input((6, 6)), *first, keras.layers.Flatten(), hidden, keras.layers.Dense(2, name="top")]
    )
    net.save(folder / "theirs.keras")
    return folder / "theirs.keras"


def reuse(path: Path, *, layers: Any = "all_but_last", scaling: str | None = "unit") -> tuple[Network, Transfer]:
    data = {"source": "mnist"} if scaling is None else {"source": "mnist", "scaling": scaling}
    stack = ["flatten", {"kind": "dense", "units": 8, "activation": "relu"}]
    model = {"layers": stack, "reuse": {"run": str(path), "layers": layers}}
    spec = Spec.model_validate({"name": "t", "data": data, "model": model})
    inputs = np.random.default_rng(0).integers(0, 256, (20, 6, 6)).astype(np.uint8)
    return build_from(spec, choose_head(spec, task="classes", n_outputs=3), inputs, load_pretrained(path))


@pytest.mark.parametrize("layers", ["all_but_last", 1, ["dense_1"]])
def test_a_file_without_a_scaling_layer_needs_a_stated_scaling(layers: Any, tmp_path: Path) -> None:
    """What is stated is fed: pixels divided by 255."""
    path = foreign(tmp_path)
    with pytest.raises(SpecError, match="the spec must state how its inputs were scaled"):
        reuse(path, layers=layers, scaling=None)
    network, transfer = reuse(path, layers=layers)
    assert transfer == Transfer(["dense_1"], None, [("dense_1", "dense_1")])
    scaled = keras.Model(network.model.input, network.blocks[0].inputs)(np.full((1, 6, 6), 51, np.uint8))
    np.testing.assert_allclose(scaled, 0.2, rtol=1e-6)


@pytest.mark.parametrize("layers", ["all_but_last", ["dense_1"]])
def test_a_file_s_own_scaling_layer_must_agree_also_for_named_layers(layers: Any, tmp_path: Path) -> None:
    path = foreign(tmp_path, keras.layers.Rescaling(1 / 127.5, -1.0))
    with pytest.raises(SpecError, match="scaled differently"):
        reuse(path, layers=layers, scaling="standardize")
    network, transfer = reuse(path, layers=layers)
    assert transfer.own_scaling == "unit"
    assert network.model.get_layer("scaling").offset == -1.0


def test_a_scaling_layer_that_is_not_the_first_is_refused(tmp_path: Path) -> None:
    """It would not be copied."""
    path = foreign(tmp_path, keras.layers.Reshape((36,)), keras.layers.Rescaling(1 / 255, name="late"))
    with pytest.raises(SpecError, match="scales in late, which is not its first layer"):
        reuse(path)


def test_another_activation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"dense_1 has the activation relu, but dense_1 of the pretrained .* has selu"):
        reuse(foreign(tmp_path, activation="selu"))


WRONG = {
    "another size": (["flatten", {"kind": "dense", "units": 7}, {"kind": "dense", "units": 6}], {}, "784|36 × 7"),
    "too few layers": (["flatten", {"kind": "dense", "units": 8}], {}, "before its last one, this one has 2"),
    "too many": (LAYERS, {"layers": 3}, "2 layers with weights"),
    "an unknown name": (LAYERS, {"layers": ["dense_3"]}, "Allowed: dense_1, dense_2"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused(case: str, source: RunRecord, tmp_path: Path) -> None:
    layers, reuse, message = WRONG[case]
    with pytest.raises(SpecError, match=message):
        start(source, tmp_path, model=model({"run": str(source.path), **reuse}, layers))


def test_a_source_that_is_not_there_leaves_no_run(tmp_path: Path) -> None:
    for run, message in (("nobody", "There are no runs"), ("nothing.keras", "nothing.keras does not exist")):
        with pytest.raises(RunError, match=message):
            train(spec_in(tmp_path, "t", model=model({"run": run})), runs_dir=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    """Keras's safe mode: a layer that is a pickled function is refused."""
    net = keras.Sequential([keras.Input((6, 6)), keras.layers.Lambda(lambda x: x), keras.layers.Flatten()])
    net.save(tmp_path / "bad.keras")
    with pytest.raises(RunError, match="safe mode"):
        train(spec_in(tmp_path, "t", model=model({"run": "bad.keras"})), runs_dir=tmp_path / "runs")


def test_the_scaling_of_targets_is_not_that_of_inputs(tmp_path: Path) -> None:
    """A network for scaled targets can be reused, and pretraining copies only what scales its inputs."""
    data = {"source": "mnist", "scaling": "unit", "target_scaling": "standardize"}
    layers = ["flatten", {"kind": "dense", "units": 8, "activation": "relu"}]
    spec = Spec.model_validate({"name": "t", "data": data, "model": {"layers": layers}})
    images = np.random.default_rng(0).integers(0, 256, (20, 6, 6)).astype(np.uint8)
    head = choose_head(spec, task="numbers", n_outputs=1)
    scaling = fit_target_scaling(spec, head.loss, np.arange(20.0)[:, None], is_numbers=True)
    source = build_network(spec, replace(head, target_scaling=scaling), images).model
    assert [layer.name for layer in copy_scaling(source)] == ["scaling"]
    source.save(tmp_path / "theirs.keras")
    network, transfer = reuse(tmp_path / "theirs.keras")
    assert (transfer.blocks, transfer.own_scaling) == (["dense_1"], "unit")
    assert are_equal(network.model.get_layer("dense_1").get_weights(), source.get_layer("dense_1").get_weights())

"""The verdicts on nets that the book describes, and the steps and rows of a probe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dnnctl.commands.fork import fork
from dnnctl.commands.train import train
from dnnctl.events.event import ignore
from dnnctl.runner.probing import ProbedTraining, probe_training
from dnnctl.runner.setup import Setup, prepare
from dnnctl.specs import load_spec
from dnnctl.store.layer_statistics import HEALTHY
from recipes import spec_of
from sample_specs import outcome, small_spec, write_spec

N_UNITS = 60


def normal(stddev: float) -> dict[str, Any]:
    return {"kind": "random_normal", "stddev": stddev}


def deep(folder: Path, depth: int, activation: str, initializer: Any, **sections: Any) -> dict[str, Any]:
    """A plain stack on standardized inputs."""
    layers = ["flatten", {"kind": "dense", "units": N_UNITS, "repeat": depth}]
    model = {"defaults": {"activation": activation, "initializer": initializer}, "layers": layers}
    spec = small_spec(folder, model=model, training={"batch_size": 40, "epochs": 4}, **sections)
    return {**spec, "data": {"source": spec["data"]["source"], "scaling": "standardize"}}


def probed(spec: dict[str, Any], n_steps: int = 0) -> ProbedTraining:
    setup, dataset = prepare(load_spec(spec), ignore)
    found = probe_training(setup, dataset, n_steps)
    keras.utils.clear_session(free_memory=False)
    return found


CASES = {
    "20 sigmoid, N(0, 1)": ((20, "sigmoid", normal(1.0)), ("saturated", "vanishing")),
    "12 sigmoid, Glorot": ((12, "sigmoid", "glorot_uniform"), ("vanishing",)),
    "50 relu, σ = 0.01": ((50, "relu", normal(0.01)), ("vanishing",)),
    "50 relu, σ = 0.5": ((50, "relu", normal(0.5)), ("exploding",)),
    "100 selu, LeCun": ((100, "selu", "lecun_normal"), (HEALTHY,)),
    "20 relu, He": ((20, "relu", "he_normal"), (HEALTHY,)),
}


@pytest.mark.parametrize("name", CASES)
def test_known_nets_get_their_verdict(name: str, tmp_path: Path) -> None:
    """Where one of two words fits, as for a saturated stack, both are right. The output is never to blame."""
    net, verdicts = CASES[name]
    (found,) = probed(deep(tmp_path, *net)).measurements
    assert found.verdict in verdicts
    assert bool(found.blamed) == (found.verdict != HEALTHY)
    assert "output" not in found.blamed
    assert len(found.layers) == net[0] + 1


def test_the_steps_are_those_of_the_training(tmp_path: Path) -> None:
    """With the same batches, rates and noise: the weights are those of a run of as many epochs, to the bit."""
    path = spec_of("batch norm, one-cycle, graph", tmp_path)
    run = train(path, runs_dir=tmp_path / "runs")
    trained = keras.saving.load_model(run.folder.last_model)
    setup, dataset = prepare(load_spec(path), ignore)
    found = probe_training(setup, dataset, run.rows[-1]["step"])
    for ours, theirs in zip(setup.model.weights, trained.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert found.learning_rate == pytest.approx(run.rows[-1]["learning_rate"])


def test_steps_beyond_the_training_are_not_taken(tmp_path: Path) -> None:
    found = probed(deep(tmp_path, 1, "relu", "he_normal"), n_steps=10**6)
    assert found.measurements[-1].step == 4 * 3
    assert (found.n_examples, found.batch_size) == (120, 40)


def test_a_rate_that_is_too_large_is_a_finding(tmp_path: Path) -> None:
    """It is healthy before the first step, and the loss becomes infinite or NaN; there is no second measurement."""
    optimizer = {"kind": "sgd", "learning_rate": 1e6}
    found = probed(deep(tmp_path, 3, "relu", "he_normal", optimizer=optimizer), n_steps=12)
    assert [each.verdict for each in found.measurements] == [HEALTHY]
    assert found.diverged_at is not None
    assert 1 < found.diverged_at <= 12


def test_a_rate_that_the_spec_leaves_open_is_found_or_left_alone(tmp_path: Path) -> None:
    """No rate reduces the loss of a net that gets no signal; the probe is to say why."""
    schedule = {"kind": "one_cycle", "max_rate": "auto"}
    found = probed(deep(tmp_path, 4, "relu", normal(1e-3), schedule=schedule), n_steps=2)
    assert [each.verdict for each in found.measurements] == ["vanishing", "vanishing"]


def dead_setup(folder: Path) -> tuple[Setup, Any]:
    setup, dataset = prepare(load_spec(deep(folder, 3, "relu", "he_normal")), ignore)
    setup.model.get_layer("dense_2").bias.assign(np.full(N_UNITS, -1e4, np.float32))
    return setup, dataset


def test_a_layer_below_its_bias_is_dead(tmp_path: Path) -> None:
    setup, dataset = dead_setup(tmp_path)
    found = probe_training(setup, dataset, 2)
    assert [(each.verdict, each.blamed) for each in found.measurements] == [("dead", ("dense_2",))] * 2


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """The same training without and with a probe after every second epoch."""
    folder = tmp_path_factory.mktemp("pair")
    model = {
        "defaults": {"activation": "rrelu", "normalization": "batch", "dropout": {"kind": "dropout", "rate": 0.3}},
        "layers": ["flatten", {"kind": "dense", "units": 8}],
    }
    training = {"batch_size": 16, "epochs": 4}
    plain = train(write_spec(folder, model=model, optimizer="adam", training=training), runs_dir=folder / "plain")
    path = write_spec(folder, model=model, optimizer="adam", training={**training, "probe": {"every": 2}})
    return plain, train(path, runs_dir=folder / "probed")


def test_a_probe_changes_no_bit_of_a_training(pair: tuple[Any, Any]) -> None:
    plain, with_probe = (outcome(run) for run in pair)
    assert with_probe.pop("probe")
    assert not plain.pop("probe")
    assert with_probe == plain


def test_a_run_records_the_layers_after_each_probed_epoch(pair: tuple[Any, Any]) -> None:
    plain, run = pair
    assert plain.probed == []
    assert not plain.folder.probe.exists()
    assert [each.epoch for each in run.probed] == [2, 4]
    assert [each.step for each in run.probed] == [row["step"] for row in run.rows if row["epoch"] in (2, 4)]
    for each in run.probed:
        assert [layer.layer for layer in each.layers] == ["dense_1", "output"]
        assert all(layer.gradient > 0 and layer.update > 0 for layer in each.layers)
    assert not run.damages
    assert not run.altered


def test_a_changed_file_of_measurements_is_reported(pair: tuple[Any, Any]) -> None:
    _, run = pair
    text = run.folder.probe.read_text()
    try:
        run.folder.probe.write_text(text.replace("healthy", "dead"))
        assert "probe.jsonl" in type(run).at(run.path).altered
        run.folder.probe.write_text(text.replace('"epoch": 2', '"epoch": []', 1))
        assert any("probe.jsonl" in damage for damage in type(run).at(run.path).damages)
    finally:
        run.folder.probe.write_text(text)


def test_a_fork_keeps_the_measurements_of_its_parent(pair: tuple[Any, Any]) -> None:
    _, run = pair
    child = fork(str(run.path), ["training.epochs=6"], runs_dir=run.path.parent)
    assert [each.epoch for each in child.probed] == [2, 4, 6]
    assert child.probed[:2] == run.probed

"""`probe` of specs and runs: any kind of net, the lines to change, and nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dnnctl.commands.probe import probe
from dnnctl.commands.train import train
from dnnctl.errors import RunError
from dnnctl.specs import load
from recipes import spec_of
from sample_specs import write_spec

pytestmark = pytest.mark.heavy
DENSE = {"kind": "dense", "units": 8}


def small(folder: Path, **sections: Any) -> Path:
    training = {"batch_size": 40, "epochs": 2}
    return write_spec(folder, **{"training": training, "runtime": {"compile": "graph"}, **sections})


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("run")
    return train(small(folder, optimizer={"kind": "adam", "learning_rate": 0.01}), runs_dir=folder / "runs")


def test_a_run_is_probed_with_its_weights_and_not_changed(run: Any) -> None:
    """The loss is that of a net that has learned something; the steps take the run's last rate."""
    before = everything(run.path)
    found = probe(run, steps=2)
    assert everything(run.path) == before
    assert found.name == run.id
    fresh = probe(load(run.folder.spec), steps=0)
    assert found.measurements[0].loss < fresh.measurements[0].loss
    assert found.learning_rate == pytest.approx(0.01)
    assert [each.step for each in found.measurements] == [0, 2]


def test_a_run_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no runs"):
        probe("nothing", runs_dir=tmp_path)


def test_the_lines_to_change_are_named(tmp_path: Path) -> None:
    """Each key that a fix writes has the place where the file has its value, or its nearest parent."""
    wrong = {"kind": "random_normal", "stddev": 1e-4}
    path = small(
        tmp_path, model={"defaults": {"activation": "relu", "initializer": wrong}, "layers": ["flatten", DENSE, DENSE]}
    )
    before = everything(tmp_path)
    found = probe(path, steps=0, runs_dir=tmp_path / "runs")
    assert everything(tmp_path) == before
    assert found.diagnosis.verdict == "vanishing"
    first, second = found.remedies
    assert (first.yaml, second.yaml) == (
        ("model.defaults.initializer: he_normal",),
        ("model.defaults.normalization: batch",),
    )
    lines = path.read_text().splitlines()
    (place,) = first.places
    assert place is not None
    assert place.file == str(path)
    assert lines[place.line - 2].strip() == "initializer:"


def test_a_run_has_no_places(run: Any) -> None:
    """Its spec.yaml is not the file to change."""
    assert all(place is None for each in probe(run, steps=0).remedies for place in each.places)


def test_a_net_that_training_repairs_is_healthy_with_a_note(tmp_path: Path) -> None:
    """The first updates give the gradients of the first layer their size."""
    initializer = {"kind": "random_normal", "stddev": 1e-4}
    model = {
        "defaults": {"activation": "elu"},
        "layers": ["flatten", {**DENSE, "initializer": initializer}, {**DENSE, "initializer": initializer}],
    }
    path = small(
        tmp_path,
        model=model,
        optimizer={"kind": "adam", "learning_rate": 0.03},
        training={"batch_size": 40, "epochs": 20},
    )
    found = probe(path, steps=60)
    assert [each.verdict for each in found.measurements] == ["vanishing", "healthy"]
    assert found.is_healthy
    assert not found.remedies
    assert "vanishing before the first step" in found.notes[0]


RECIPES = [
    "table with embeddings",
    "metrics of labels",
    "metrics of numbers",
    "phases",
    "image folder, augmentation, balanced classes",
    "adversarial pretraining",
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_any_kind_of_training_is_probed(recipe: str, tmp_path: Path) -> None:
    """Tables, labels, regression, phases, streamed images, pretraining."""
    found = probe(spec_of(recipe, tmp_path), steps=2)
    assert [each.step for each in found.measurements] == [0, 2]
    assert found.is_healthy
    assert all(layer.gradient > 0 for each in found.measurements for layer in each.layers)

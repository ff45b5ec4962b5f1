"""replay: the numbers of a step against NumPy, the spike, and what cannot be replayed."""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dnnctl.commands.fork import fork
from dnnctl.commands.replay import Replayed, replay
from dnnctl.commands.runs import Run
from dnnctl.commands.train import train
from dnnctl.errors import DivergedError, RunError, UserError
from dnnctl.runner.shuffle import epoch_order
from recipes import write_every_checkpoint
from sample_specs import write_numbers, write_spec

pytestmark = pytest.mark.heavy
N_VALIDATION, SIZE, RATE = 24, 16, 0.5
SEED = 42
"""The default of specs."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A softmax regression, whose gradients are known in closed form."""
    folder = tmp_path_factory.mktemp("run")
    spec = write_spec(
        folder,
        data={
            "source": {"kind": "npz", "path": str(folder / "digits.npz")},
            "validation": {"size": N_VALIDATION, "take": "first"},
            "scaling": "unit",
            "class_weights": {"1": 2.0},
        },
        model={"layers": ["flatten"]},
        optimizer={"kind": "sgd", "learning_rate": RATE},
        training={"batch_size": SIZE, "epochs": 4},
    )
    with pytest.MonkeyPatch.context() as patch:
        write_every_checkpoint(patch)
        return train(spec, runs_dir=folder / "runs")


def digest(folder: Path) -> str:
    """The names, contents and times of all files of a folder."""
    state = sha256()
    for path in sorted(folder.rglob("*")):
        state.update(f"{path} {path.stat().st_mtime_ns} {path.is_file() and path.read_bytes()!r}".encode())
    return state.hexdigest()


def test_a_step_is_that_of_a_softmax_regression(run: Run, tmp_path: Path) -> None:
    """Losses, gradients and weights after the step, computed with NumPy from the source rows and the weights before."""
    before = digest(run.path)
    found = replay(run, 21, output=tmp_path / "step.npz")
    assert (found.start.checkpoint, found.n_trained) == ("epoch-0003-step-18", 2)
    assert (found.step.epoch, found.step.step_of_epoch, found.approximate) == (4, 3, [])
    with np.load(run.path.parents[1] / "digits.npz") as digits:
        sources = [int(each.source) for each in found.examples]
        inputs, labels = digits["x_train"][sources].reshape(SIZE, -1) / 255, digits["y_train"][sources]
    with np.load(tmp_path / "step.npz") as states:
        kernel, bias = states["before/model/output/0_kernel"], states["before/model/output/1_bias"]
        new_kernel, new_bias = states["after/model/output/0_kernel"], states["after/model/output/1_bias"]
    scores = np.exp(inputs @ kernel + bias)
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    weights = np.where(labels == 1, 2.0, 1.0)
    slopes = weights[:, None] * (probabilities - np.eye(3)[labels])
    losses = -weights * np.log(probabilities[np.arange(SIZE), labels])
    norms = np.linalg.norm(slopes, axis=1) * np.sqrt(np.square(inputs).sum(axis=1) + 1)
    by_kernel, by_bias = inputs.T @ slopes / SIZE, slopes.mean(axis=0)
    norm = np.sqrt(np.square(by_kernel).sum() + np.square(by_bias).sum())
    seen = found.step.examination
    assert seen is not None
    np.testing.assert_allclose([each.loss for each in found.examples], losses, rtol=1e-4)
    np.testing.assert_allclose([each.gradient_norm for each in found.examples], norms, rtol=1e-4)
    assert found.step.metrics["loss"] == pytest.approx(losses.mean(), rel=1e-4)
    assert seen.gradient_norm == pytest.approx(norm, rel=1e-4)
    assert found.step.update_norm == pytest.approx(RATE * norm, rel=1e-4)
    np.testing.assert_allclose(new_kernel, kernel - RATE * by_kernel, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(new_bias, bias - RATE * by_bias, rtol=1e-4, atol=1e-6)
    assert losses.tolist() == sorted(losses, reverse=True), "by loss, highest first"
    assert [each.target for each in found.examples] == [str(label) for label in labels]
    assert [each.predicted for each in found.examples] == [str(each) for each in probabilities.argmax(axis=1)]
    order = epoch_order(SEED, 4, 96)[32:48]
    assert {each.position: each.row for each in found.examples} == dict(enumerate(order.tolist(), 1))
    assert all(each.source == each.row + N_VALIDATION for each in found.examples)
    assert digest(run.path) == before, "the run has not changed"


def test_without_checkpoints_a_replay_starts_at_the_start_and_has_the_same_bits(run: Run, tmp_path: Path) -> None:
    """The weights after a step are a Keras model, too."""
    expected = replay(run, 20)
    copy = Run.at(Path(shutil.copytree(run.path, tmp_path / run.id)))
    shutil.rmtree(copy.folder.checkpoints)
    sentences: list[str] = []
    found = replay(copy, 20, output=tmp_path / "weights", notify=sentences.append)
    assert (found.start.checkpoint, found.n_trained) == (None, 19)
    assert "training 19 steps again from the start of the run" in sentences[0]
    for name in ("before", "after"):
        ours, theirs = getattr(found.step, name), getattr(expected.step, name)
        assert all(np.array_equal(ours[path], theirs[path]) for path in theirs)
        kernel = keras.models.load_model(tmp_path / "weights" / f"{name}.keras").get_layer("output").kernel
        np.testing.assert_array_equal(kernel, theirs["model/output/0_kernel"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step": 25}, "has no step 25. Its steps are 1 to 24"),
        ({"step": 0}, "has no step 0. Its steps are 1 to 24"),
        ({}, "--step N, or --spike"),
        ({"step": 3, "spike": True}, "--step N, or --spike"),
        ({"step": 3, "epoch": 1}, "--epoch"),
        ({"spike": True, "epoch": 5}, "has no epoch 5. Its finished epochs are 1 to 4"),
        ({"step": 3, "overrides": ["seed=1"]}, "only the new place of a file"),
        ({"step": 3, "overrides": ["data.source.path=nowhere.npz"]}, "nowhere.npz.*--set data.source.path=PATH"),
        ({"step": 3, "output": Path("nowhere/w.npz")}, "there is no folder"),
    ],
)
def test_what_cannot_be_replayed_is_refused(run: Run, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=f"(?s){message}"):
        replay(run, options.pop("step", None), **options)


def test_a_replay_writes_nothing_into_the_run(run: Run) -> None:
    with pytest.raises(UserError, match="folder of the run"):
        replay(run, 3, output=run.path / "w.npz")


def test_other_data_are_refused(run: Run, tmp_path: Path) -> None:
    other = write_numbers(tmp_path / "other.npz")
    with pytest.raises(UserError, match=r"have changed|cannot be read"):
        replay(run, 3, overrides=[f"data.source.path={other}"])


def test_the_steps_of_a_fork_are_its_own(run: Run, tmp_path: Path) -> None:
    """Without a checkpoint of its own, its first step follows the state of the parent that it keeps."""
    child = fork(run.path, ["training.epochs=5", "optimizer.learning_rate=0.1"], runs_dir=tmp_path)
    with pytest.raises(RunError, match=f"trained by its parent: dnnctl replay {run.id} --step 24"):
        replay(child, 24)
    found = replay(child, 26)
    assert (found.start.checkpoint, found.n_trained) == ("epoch-0004-step-24", 1)
    assert found.step.learning_rate == pytest.approx(0.1)


def outlier_spec(folder: Path, row: int, **sections: Any) -> Path:
    """A regression with one wrong target."""
    with np.load(write_numbers(folder / "clean.npz")) as clean:
        arrays = dict(clean)
    arrays["y_train"][row] += 50
    np.savez(folder / "numbers.npz", **arrays)
    data = {"source": {"kind": "npz", "path": "numbers.npz"}, "validation": {"size": 24, "take": "last"}}
    return write_spec(folder, data={**data, "scaling": "unit"}, **sections)


def test_the_spike_is_the_step_with_the_wrong_example(tmp_path: Path) -> None:
    """Its place in the epoch is that of the permutation."""
    spec = outlier_spec(tmp_path, 37, loss="mae", optimizer={"kind": "sgd", "learning_rate": 0.01})
    run = train(spec, runs_dir=tmp_path / "runs")
    found = replay(run, spike=True, epoch=2)
    place = epoch_order(SEED, 2, 96).tolist().index(37)
    assert (found.step.epoch, found.step.step_of_epoch - 1) == (2, place // SIZE)
    assert (found.examples[0].row, found.examples[0].position) == (37, place % SIZE + 1)
    assert found.spike is not None
    assert found.spike.losses[place // SIZE] == found.spike.loss == found.step.metrics["loss"]
    assert found.spike.loss > 2 * found.spike.median
    assert found.spike.losses.mean() == pytest.approx(run.rows[1]["loss"], rel=1e-5), "all batches have the same size"


def test_the_step_that_diverged_is_the_spike_and_the_last_one(tmp_path: Path) -> None:
    spec = outlier_spec(tmp_path, 37, optimizer={"kind": "sgd", "learning_rate": 1e12})
    with pytest.raises(DivergedError, match=r"step (\d+) of the run") as failure:
        train(spec, runs_dir=tmp_path / "runs")
    (run,) = map(Run.at, (tmp_path / "runs").iterdir())
    last = int(str(failure.value).split("(step ")[1].split()[0])
    found = replay(run, spike=True)
    assert isinstance(found, Replayed)
    assert found.step.step == last
    assert not np.isfinite(found.step.metrics["loss"])
    assert not np.isfinite(found.examples[0].loss or 0.0)
    with pytest.raises(RunError, match=f"has no step {last + 1}.*step {last} of the run"):
        replay(run, last + 1)

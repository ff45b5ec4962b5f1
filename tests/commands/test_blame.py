"""blame: when an example was seen, against the permutations of the seed; its losses, against the network's answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dnnctl.commands.blame import blame
from dnnctl.commands.predictor import load_predictor
from dnnctl.commands.replay import replay
from dnnctl.commands.runs import Run
from dnnctl.commands.train import train
from dnnctl.errors import UserError
from dnnctl.runner.shuffle import epoch_order
from recipes import write_every_checkpoint
from sample_specs import write_spec
from stored import interrupt

pytestmark = pytest.mark.heavy
SIZE, SEED = 16, 5


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The epochs of its checkpoints are 2 and 3."""
    folder = tmp_path_factory.mktemp("run")
    layers = ["flatten", {"kind": "dense", "units": 8, "dropout": {"kind": "dropout", "rate": 0.2}}]
    with pytest.MonkeyPatch.context() as patch:
        write_every_checkpoint(patch)
        spec = write_spec(folder, seed=SEED, model={"layers": layers}, training={"batch_size": SIZE, "epochs": 3})
        return train(spec, runs_dir=folder / "runs")


def test_an_example_was_seen_where_the_permutation_says(run: Run) -> None:
    """Once in each epoch; the steps to rebuild are those from the nearest checkpoint before."""
    found = blame(run, [5, 77]).examples
    for example, row in zip(found, (5, 77), strict=True):
        places = [epoch_order(SEED, epoch, 96).tolist().index(row) for epoch in (1, 2, 3)]
        steps = [6 * epoch + place // SIZE + 1 for epoch, place in enumerate(places)]
        assert [(each.step, each.position) for each in example.seen] == [
            (step, place % SIZE + 1) for step, place in zip(steps, places, strict=True)
        ]
        assert [each.checkpoint for each in example.seen] == [None, None, "epoch-0002-step-12"]
        assert [each.n_steps for each in example.seen] == [steps[0] - 1, steps[1] - 1, steps[2] - 13]
        assert (example.row, example.source) == (row, row)
        assert all(each.loss is None for each in example.seen)


def test_the_losses_of_kept_weights_are_those_of_their_answers(run: Run) -> None:
    """−ln p of the label, at inference, from the saved model."""
    (example,) = blame(run, [9]).examples
    with np.load(run.path.parents[1] / "digits.npz") as digits:
        image, label = digits["x_train"][9:10], int(digits["y_train"][9])
    probabilities = load_predictor(run, "best").answer(image).predictions[0]
    assert [each.weights for each in example.judged] == ["epoch-0002-step-12", "epoch-0003-step-18", "best"]
    *_, last, best = example.judged
    assert example.target == str(label)
    assert best.loss == pytest.approx(-np.log(probabilities[label]), rel=1e-4)
    assert (best.predicted, best.probability) == (
        str(probabilities.argmax()), pytest.approx(probabilities.max(), rel=1e-4),
    )  # fmt: skip
    assert best.epoch == run.summary.best_epoch if run.summary else False
    assert last.loss == pytest.approx(
        -np.log(load_predictor(run, "last").answer(image).predictions[0][label]), rel=1e-4
    )


def test_a_rebuilt_loss_is_that_of_the_replayed_step(run: Run) -> None:
    """With the dropout of the step. Two examples in ascending steps, from the start and from a checkpoint."""
    sentences: list[str] = []
    found = blame(run, [5, 77], rebuild=True, notify=sentences.append).examples
    assert sentences[0].startswith("training ")
    for example, seen in ((found[0], found[0].seen[0]), (found[1], found[1].seen[2])):
        (there,) = [each for each in replay(run, seen.step).examples if each.row == example.row]
        assert (seen.position, seen.loss) == (there.position, there.loss)
        assert seen.gradient_norm == pytest.approx(there.gradient_norm)
    (example,) = blame(run, [77], epochs=[3], rebuild=True).examples
    assert example.seen == found[1].seen[2:]


@pytest.mark.parametrize(
    ("rows", "epochs", "message"),
    [
        ([96], [], "has no training example 96. Its rows are 0 to 95"),
        ([-1], [], "has no training example -1"),
        ([], [], "--row N"),
        ([3], [4], "has no epoch 4. Its epochs are 1 to 3"),
    ],
)
def test_examples_and_epochs_that_do_not_exist_are_refused(
    run: Run, rows: list[int], epochs: list[int], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        blame(run, rows, epochs=epochs)


def test_an_interrupted_run_has_seen_what_it_trained(tmp_path: Path) -> None:
    """Up to its last checkpoint; the row of that epoch is missing."""
    spec = write_spec(tmp_path, seed=SEED, training={"batch_size": SIZE, "epochs": 1})
    done = train(spec, runs_dir=tmp_path / "runs")
    interrupt(done)
    done.folder.metrics.unlink()
    (checkpoint,) = done.folder.checkpoints.iterdir()
    assert checkpoint.name == "epoch-0001-step-6"
    order = epoch_order(SEED, 1, 96).tolist()
    (example,) = blame(Run.at(done.path), [order[0]]).examples
    assert [(each.epoch, each.step, each.position) for each in example.seen] == [(1, 1, 1)]

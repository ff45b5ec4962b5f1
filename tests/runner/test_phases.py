"""A phase trains the same as freezing, compiling and fitting the model again with Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dnnctl.builder.loss import build_loss
from dnnctl.builder.model import build_model
from dnnctl.builder.optimizer import build_optimizer
from dnnctl.builder.output import choose_head
from dnnctl.commands.fork import fork
from dnnctl.commands.train import train
from dnnctl.data.load import load_data
from dnnctl.errors import SpecError
from dnnctl.events.event import Event, PhaseStarted
from dnnctl.runner.schedule import Span, learning_rates
from dnnctl.runner.shuffle import epoch_order
from dnnctl.specs import Spec, load
from dnnctl.specs.phase import Phase
from dnnctl.specs.planned_phase import planned_phases
from dnnctl.store.checkpoint import Checkpoint, list_checkpoints
from dnnctl.store.record import RunRecord
from recipes import write_every_checkpoint
from sample_specs import outcome, small_spec, write_spec

NOISY = {
    "defaults": {
        "activation": "prelu", "normalization": {"kind": "batch", "position": "after_activation"},
        "dropout": {"kind": "dropout", "rate": 0.2},
    },
    "layers": ["flatten", {"kind": "dense", "units": 8}, {"kind": "dense", "units": 6}],
}  # fmt: skip
KEEP = {"keep": 99}
FRESH = {"kind": "adam", "learning_rate": 0.02}


def run_phases(folder: Path, *phases: dict[str, Any], **sections: Any) -> RunRecord:
    training = {"batch_size": 16, "checkpoint": KEEP, "phases": list(phases)}
    spec = write_spec(folder, model=NOISY, runtime={"compile": "graph"}, training=training, **sections)
    with pytest.MonkeyPatch.context() as patch:
        write_every_checkpoint(patch)
        return train(spec, runs_dir=folder / "runs")


def at_the_end_of(run: RunRecord, epoch: int) -> Checkpoint:
    return next(each for each in list_checkpoints(run.folder.checkpoints) if each.epoch == epoch)


def variables(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    with np.load(checkpoint.arrays) as file:
        return {path.removeprefix("variable/"): file[path] for path in file.files if path.startswith("variable/")}


def momentum_of(checkpoint: Checkpoint) -> float:
    """The momentum of the last step."""
    found = [value for path, value in variables(checkpoint).items() if path.endswith("_momentum") and not value.shape]
    return float(found[0])


def assert_same(run: RunRecord, epoch: int, model: keras.Model) -> None:
    """Check that the variables of layers, seed generators and optimizer are those of a model."""
    found = variables(at_the_end_of(run, epoch))
    for layer in model.layers:
        ours = [found[path] for path in found if path.startswith(f"model/{layer.name}/")]
        theirs = [variable.numpy() for variable in layer.variables]
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True)), layer.name
    ours = [found[path] for path in found if path.startswith("optimizer/")]
    theirs = [variable.numpy() for variable in model.optimizer.variables]
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


class ByHand:
    """The same network, trained with Keras only."""

    def __init__(self, folder: Path) -> None:
        self.spec = Spec.model_validate(small_spec(folder, model=NOISY))
        self.dataset = load_data(self.spec.data, seed=self.spec.seed)
        self.head = choose_head(self.spec, task="classes", n_outputs=3)
        self.model = build_model(self.spec, self.head, self.dataset.train.inputs)
        self.epoch = 0

    def freeze(self, *names: str) -> None:
        for layer in self.model.layers:
            layer.trainable = not layer.name.startswith(names) if names else True

    def compile(self, optimizer: Any) -> None:
        spec = Spec.model_validate({**self.spec.model_dump(), "optimizer": optimizer})
        loss = build_loss(spec.loss, self.head.loss)
        self.model.compile(optimizer=build_optimizer(spec.optimizer), loss=loss, jit_compile=False)

    def fit(self, epochs: int) -> None:
        for _ in range(epochs):
            self.epoch += 1
            part = self.dataset.train.take(epoch_order(self.spec.seed, self.epoch, len(self.dataset.train)))
            self.model.fit(part.inputs, part.targets, batch_size=16, shuffle=False, verbose=0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    folder = tmp_path_factory.mktemp("phases")
    return run_phases(folder, {"epochs": 2, "freeze": ["dense_1"]}, {"epochs": 2, "optimizer": FRESH})


def test_a_phase_is_freeze_compile_fit(run: RunRecord, tmp_path: Path) -> None:
    """Bit by bit in graph mode, with frozen batch normalization in inference mode and a fresh optimizer."""
    hand = ByHand(tmp_path)
    hand.freeze("dense_1")
    hand.compile({"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9})
    hand.fit(2)
    assert_same(run, 2, hand.model)
    hand.freeze()
    hand.compile(FRESH)
    hand.fit(2)
    assert_same(run, 4, hand.model)


def test_frozen_layers_keep_every_byte(run: RunRecord, tmp_path: Path) -> None:
    """Weights, slopes and batch normalization statistics do not change until a phase trains them."""
    first = {layer.name: layer.get_weights() for layer in ByHand(tmp_path).model.layers}
    then, later = variables(at_the_end_of(run, 2)), variables(at_the_end_of(run, 4))
    names = [path for path in then if path.startswith("model/dense_1") and "seed" not in path]
    assert len(names) == 2 + 1 + 4
    for path in names:
        _, layer, number_and_name = path.split("/")
        assert np.array_equal(then[path], first[layer][int(number_and_name.split("_")[0])]), path
        assert not np.array_equal(then[path], later[path]), path


def test_rows_hold_their_phase(run: RunRecord) -> None:
    assert [(row["epoch"], row["phase"], row["step"]) for row in run.rows] == [
        (1, 1, 6), (2, 1, 12), (3, 2, 18), (4, 2, 24),
    ]  # fmt: skip


def test_the_same_optimizer_keeps_its_state(tmp_path: Path) -> None:
    """Only unfreezing: the same as Keras with an optimizer that was built for all weights from the start."""
    run = run_phases(tmp_path, {"epochs": 1, "freeze": ["dense_1"]}, {"epochs": 1})
    hand = ByHand(tmp_path)
    hand.compile({"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9})
    hand.model.optimizer.build(hand.model.trainable_variables)
    hand.freeze("dense_1")
    hand.fit(1)
    hand.freeze()
    hand.model.train_function = None  # trace again with the new trainable weights; keep the optimizer
    hand.fit(1)
    assert_same(run, 2, hand.model)


ONE_CYCLE = {"kind": "one_cycle", "max_rate": 0.2}
COSINE = {"kind": "cosine"}
SPANS: dict[str, tuple[list[dict[str, Any]], list[tuple[Any, float, int, int]]]] = {
    # phases; for each phase its schedule, base rate, and the first and last epoch of the schedule
    "one schedule over both": (
        [{"epochs": 2}, {"epochs": 1}],
        [(ONE_CYCLE, 0.1, 0, 3), (ONE_CYCLE, 0.1, 0, 3)],
    ),
    "a new schedule": (
        [{"epochs": 2}, {"epochs": 1, "schedule": COSINE}],
        [(ONE_CYCLE, 0.1, 0, 2), (COSINE, 0.1, 2, 3)],
    ),
    "a new optimizer": (
        [{"epochs": 1}, {"epochs": 2, "optimizer": FRESH, "schedule": COSINE}],
        [(ONE_CYCLE, 0.1, 0, 1), (COSINE, 0.02, 1, 3)],
    ),
    "the same schedule after a new optimizer": (
        [{"epochs": 1}, {"epochs": 2, "optimizer": FRESH}],
        [(COSINE, 0.1, 0, 1), (COSINE, 0.02, 1, 3)],
    ),
}


@pytest.mark.parametrize("case", SPANS)
def test_rates_follow_the_span_of_their_schedule(case: str, tmp_path: Path) -> None:
    """t counts from the start of the schedule, over all phases that share it."""
    phases, spans = SPANS[case]
    run = run_phases(tmp_path, *phases, schedule=spans[0][0])
    for row in run.rows:
        schedule, base, first, last = spans[row["phase"] - 1]
        choice = Phase.model_validate({"epochs": 1, "schedule": schedule}).schedule
        t = np.array([6 * (row["epoch"] - first) - 1])
        assert row["learning_rate"] == pytest.approx(
            learning_rates(choice, base, t, Span(6, last - first))[0], rel=1e-6
        )


def test_momentum_is_constant_without_a_cycle(tmp_path: Path) -> None:
    """One optimizer in two phases: the schedule of the first cycles the momentum, that of the second does not."""
    cycle = {**ONE_CYCLE, "momentum": {"low": 0.5, "high": 0.6}}
    run = run_phases(tmp_path, {"epochs": 1}, {"epochs": 1, "schedule": cycle}, schedule={"kind": "constant"})
    momenta = [momentum_of(at_the_end_of(run, epoch)) for epoch in (1, 2)]
    assert momenta[0] == pytest.approx(0.9)
    assert 0.5 <= momenta[1] < 0.61


def test_patience_ends_the_phase_but_not_the_training(tmp_path: Path) -> None:
    """No metric improves by a whole unit, so each phase lasts one epoch plus its patience."""
    training = {
        "batch_size": 16, "early_stopping": {"patience": 1, "min_delta": 1.0},
        "phases": [{"epochs": 5}, {"epochs": 5, "optimizer": FRESH}],
    }  # fmt: skip
    run = train(write_spec(tmp_path, training=training), runs_dir=tmp_path / "runs")
    assert [row["phase"] for row in run.rows] == [1, 1, 2, 2]
    assert run.summary.stopped_early is True


def test_a_fork_continues_in_its_parent_s_phase(run: RunRecord, tmp_path: Path) -> None:
    """From the end of the first phase and from the middle of the second it gives the same bits."""
    for epoch in (1, 2, 3):
        assert outcome(fork(run.path, at=epoch, runs_dir=tmp_path / str(epoch))) == outcome(run)


def test_a_fork_may_add_a_phase(run: RunRecord, tmp_path: Path) -> None:
    events: list[Event] = []
    phases = "training.phases=[{epochs: 4}, {epochs: 1, freeze: [dense_2], optimizer: adamw}]"
    longer = fork(run.path, [phases], runs_dir=tmp_path, report=events.append)
    assert [(event.phase, event.frozen) for event in events if isinstance(event, PhaseStarted)] == [(2, ["dense_2"])]
    assert [row["phase"] for row in longer.rows] == [1, 1, 2, 2, 2]


@pytest.mark.parametrize(
    ("freeze", "rule"),
    [(["dense_9"], "no layer with weights called 'dense_9'"), (["dense_1", "dense_2", "output"], "nothing is left")],
)
def test_unknown_layers_and_freezing_everything_are_refused(freeze: list[str], rule: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=rule):
        run_phases(tmp_path, {"epochs": 1, "freeze": freeze})


def test_epochs_are_the_sum_over_the_phases(tmp_path: Path) -> None:
    path = write_spec(tmp_path, training={"phases": [{"epochs": 4}, {"epochs": 16}]})
    assert load(path).spec.training.epochs == 20
    with pytest.raises(SpecError, match="the phases have 20 in total"):
        load(path, ["training.epochs=5"])


def test_phases_replace_the_epochs_of_a_base(tmp_path: Path) -> None:
    """From the command line, also for a run's complete spec, and for a spec that `extends` names."""
    path = write_spec(tmp_path, training={"epochs": 20, "phases": [{"epochs": 4}, {"epochs": 16}]})
    assert load(path, ["training.phases.1.epochs=10"]).spec.training.epochs == 14
    assert load(path, ["training.phases=[{epochs: 3}]"]).spec.training.epochs == 3
    child = tmp_path / "child.yaml"
    child.write_text("extends: small.yaml\ntraining: {phases: [{epochs: 7}]}\n")
    assert load(child).spec.training.epochs == 7
    assert load(child, ["training.phases=none", "training.epochs=2"]).spec.training.epochs == 2


def test_a_spec_without_phases_is_one_phase(tmp_path: Path) -> None:
    (phase,) = planned_phases(load(write_spec(tmp_path)).spec)
    assert (phase.epochs, phase.span, phase.freeze, phase.starts_optimizer) == (3, 3, "none", True)

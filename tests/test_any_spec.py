"""Any valid spec trains, and the saved model is the trained one: a hundred specs at random, over all kinds."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from dnnctl.advice.network import hidden_by_name
from dnnctl.data.dataset import Dataset
from dnnctl.engine.engine import Engine
from dnnctl.engine.step_loop import EpochPlan
from dnnctl.engine.variables import read_state
from dnnctl.errors import SpecError
from dnnctl.events.event import ignore
from dnnctl.runner.examples import place
from dnnctl.runner.learning_rates import LearningRates
from dnnctl.runner.probing import EpochProbe, probed_examples
from dnnctl.runner.results import plain_model
from dnnctl.runner.schedule import Span
from dnnctl.runner.setup import Setup, prepare
from dnnctl.runner.shuffle import epoch_order
from dnnctl.specs import Spec, to_yaml
from dnnctl.specs.augment import Augmentation
from dnnctl.specs.layer import Layer
from dnnctl.specs.model import Defaults
from dnnctl.specs.reading.introspection import kinds_of, members
from dnnctl.specs.training import Training
from random_specs import NEEDS_NO_SAMPLE, Chance, write_data

N_SPECS = 100
N_PARTS = 4
N_STEPS = 3


def train_three_steps(spec: Spec, folder: Path) -> None:
    """Train, save, load: the same weights, and the same answers to the bit."""
    setup, dataset = prepare(spec, ignore)
    engine = setup.engine(place(setup, dataset.weighted_train))
    rates = LearningRates(spec.schedule, spec.optimizer.learning_rate, Span(engine.n_steps, spec.training.epochs))
    order = epoch_order(spec.seed, 1, engine.train.n)
    engine.start_epoch(EpochPlan(order, rates.of_epoch(1).astype(np.float32), rates.momenta_of_epoch(1)))
    engine.run(0, N_STEPS)
    assert int(setup.model.optimizer.iterations) == N_STEPS
    if spec.training.probe != "none":
        check_that_a_probe_changes_nothing(setup, dataset, engine)
    plain_model(setup).save(folder / "any.keras")
    loaded = keras.saving.load_model(folder / "any.keras")
    for ours, theirs in zip(setup.model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    inputs = dataset.train.inputs[:5]
    answers = [model(inputs, training=False) for model in (setup.model, loaded)]
    np.testing.assert_array_equal(*answers)


def check_that_a_probe_changes_nothing(setup: Setup, dataset: Dataset, engine: Engine) -> None:
    """Every layer with weights is measured, and no variable changes."""
    before = read_state(engine.variables)
    rows = EpochProbe(setup, probed_examples(setup, dataset.weighted_train), 1).rows({"epoch": 1, "step": N_STEPS})
    assert [row["layer"] for row in rows if not row["layer"].endswith("shortcut")] == [
        *hidden_by_name(setup.spec),
        "output",
    ]
    after = read_state(engine.variables)
    for path in {*before, *after}:
        np.testing.assert_array_equal(before[path], after[path], err_msg=path)


@pytest.mark.parametrize("part", range(N_PARTS))
def test_any_spec_trains_and_is_kept(part: int, tmp_path: Path) -> None:
    """At most one spec in four is refused, with a clear error: the test must not pass by training little."""
    write_data(tmp_path)
    n_done, refused = 0, []
    for spec in Chance(part, tmp_path).specs():
        try:
            train_three_steps(spec, tmp_path)
            n_done += 1
        except SpecError as error:
            refused.append(str(error))
        except Exception as error:
            raise AssertionError(f"this spec fails:\n{to_yaml(spec)}") from error
        keras.utils.clear_session(free_memory=False)
        if n_done == N_SPECS // N_PARTS:
            break
    assert 3 * len(refused) <= n_done, "refused:\n" + "\n".join(refused)


def test_all_kinds_are_among_them(tmp_path: Path) -> None:
    """What is drawn for one part of the specs holds every kind of layer, activation, …, optimizer and schedule."""
    write_data(tmp_path)
    chance = Chance(0, tmp_path)
    for _, _ in zip(range(N_SPECS // N_PARTS * 2), chance.specs(), strict=False):
        pass
    fields = {name: Defaults.model_fields[name].annotation for name in Defaults.model_fields if name != "use_bias"}
    fields |= {name: Spec.model_fields[name].annotation for name in ("optimizer", "schedule", "loss")}
    fields["on_divergence"] = Training.model_fields["on_divergence"].annotation
    for section, annotation in {**fields, "layer": Layer, "augment": Augmentation}.items():
        wanted = set(kinds_of(members(annotation))) - set(NEEDS_NO_SAMPLE)
        assert {key.partition(" ")[2] for key in chance.drawn if key.startswith(f"{section} ")} >= wanted, section

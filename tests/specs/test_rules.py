"""Rules across sections: what each section alone cannot know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from dnnctl.data.class_weights import class_weights
from dnnctl.data.classes import new_numbers
from dnnctl.data.dataset import Part, RawData
from dnnctl.errors import DataError, Fault, SpecError
from dnnctl.specs import load
from dnnctl.specs.class_names import CLASS_NAMES
from dnnctl.specs.data import Data
from dnnctl.specs.reading.yaml_writer import write_yaml

FINE = """
data: {source: fashion_mnist_sample, validation: {size: 10}}
model: {layers: [flatten]}
"""


def faults(folder: Path, *overrides: str) -> tuple[Fault, ...]:
    path = folder / "a.yaml"
    path.write_text(FINE)
    try:
        load(path, overrides)
    except SpecError as error:
        return error.faults
    return ()


def test_an_allowed_name_is_listed_once(tmp_path: Path) -> None:
    found = faults(tmp_path, "metrics=[mae, mae]", "training.early_stopping.monitor=x")
    assert [fault.hint for fault in found if "monitor" in fault.path] == ["Allowed: val_loss, val_mae, loss, mae."]


@pytest.mark.parametrize(
    ("source", "is_fine"),
    [
        ("{kind: images, path: a}", True),
        ("{kind: jsonl, path: a, validation_path: b}", True),
        ("{kind: npy, train_inputs: a, train_targets: b, validation_inputs: c, validation_targets: d}", True),
        ("{kind: jsonl, path: a}", False),
        ("{kind: npy, train_inputs: a, train_targets: b}", False),
        ("{kind: npz, path: a}", False),
        ("{kind: csv, path: a, target: b}", False),
    ],
)
def test_validation_can_be_a_split_of_the_source(source: str, is_fine: bool, tmp_path: Path) -> None:
    """Whether a folder of images has one is known when it is read."""
    monitor = "training.early_stopping.monitor=val_loss"
    found = faults(tmp_path, f"data.source={source}", "data.validation=none", monitor)
    assert [fault.rule for fault in found] == ([] if is_fine else ["'val_loss' needs a validation split"])


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "muon"])
def test_momentum_can_only_be_cycled_with_sgd(optimizer: str, tmp_path: Path) -> None:
    """Keras's RMSprop has a momentum too, so the message must not deny it."""
    (fault,) = faults(tmp_path, f"optimizer={optimizer}", "schedule={kind: one_cycle, max_rate: 1.0, momentum: {}}")
    assert fault.rule == f"momentum can only be cycled with `sgd`, not with `{optimizer}`"


@pytest.mark.parametrize("source", CLASS_NAMES)
@pytest.mark.parametrize("entry", ["0", "9", "10", "'3'", "-1", "Trouser", "trouser", "cat", "x", "Ankle boot"])
def test_a_class_is_refused_if_the_data_refuses_it(source: str, entry: str, tmp_path: Path) -> None:
    """The oracle is what loading does with the same entry."""
    chosen = [yaml.safe_load(entry), next(name for name in CLASS_NAMES[source][4:5])]
    part = Part(np.zeros((10, 1), np.float32), np.arange(10, dtype=np.int32))
    try:
        new_numbers(RawData(part, None, "classes", CLASS_NAMES[source]), chosen)
        expected = []
    except DataError:
        expected = ["data.classes.0"]
    found = faults(tmp_path, f"data.source={source}", f"data.classes={write_yaml(chosen)}")
    assert [fault.path for fault in found] == expected


def test_the_hint_names_the_class_that_is_near(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "data.classes=[trousers, Coat]")
    assert fault.rule == "fashion_mnist_sample has no class 'trousers'"
    assert fault.hint.startswith("Did you mean `Trouser`? Allowed: T-shirt/top, Trouser")


def test_a_class_that_appears_twice_is_refused(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "data.classes=[Trouser, 1]")
    assert (fault.path, fault.rule) == ("data.classes.1", "the class 1 appears twice")


@pytest.mark.parametrize(
    ("validation", "path", "rule"),
    [
        ("{take: random}", "data.validation", "needs either `size` or `fold`"),
        ("{size: 10, fold: {k: 5}}", "data.validation", "needs either `size` or `fold`"),
        ("{fold: {k: 5, number: 5}}", "data.validation.fold.number", "must be less than k = 5"),
    ],
)
def test_a_validation_split_is_defined_once(validation: str, path: str, rule: str, tmp_path: Path) -> None:
    spec = tmp_path / "a.yaml"
    spec.write_text(FINE.replace("{size: 10}", validation))
    with pytest.raises(SpecError) as caught:
        load(spec)
    assert [(fault.path, fault.rule) for fault in caught.value.faults] == [(path, rule)]


HUGE = "over a million"
DENSE = "{kind: dense, units: 5, activation: relu, repeat: 300}"


@pytest.mark.parametrize(
    ("layers", "pretraining", "n_found"),
    [
        (f"[flatten, {DENSE}]", "none", "601"),
        ("[{kind: residual, repeat: 600, layers: [{kind: residual, repeat: 600, layers: [flatten]}]}]", "none", HUGE),
        ("[flatten, {kind: dense, units: 5, dropout: {kind: dropout, rate: 0.1}, repeat: 300}]", "none", "601"),
        ("[flatten, {kind: dense, units: 5, repeat: 150}]", "{kind: autoencoder}", "602"),
        ("[flatten, {kind: dense, units: 5, repeat: 200}]", "gan", "601"),
        ("[flatten, {kind: residual, repeat: 150, layers: [{kind: dense, units: 5}]}]", "none", "601"),
        (f"[{', '.join(['flatten'] * 601)}]", "none", "601"),
    ],
)  # fmt: skip
def test_more_layers_than_keras_can_follow_are_refused(
    layers: str, pretraining: str, n_found: str, tmp_path: Path
) -> None:
    (fault,) = faults(tmp_path, f"model.layers={layers}", f"training.pretraining={pretraining}")
    assert fault.path == "model.layers"
    assert fault.rule == f"the network has {n_found} layers in a row, but at most 600 are allowed"


@pytest.mark.parametrize(
    ("layers", "pretraining"),
    [
        ("[{kind: dense, units: 5, activation: relu, repeat: 299}, flatten, flatten]", "none"),
        ("[flatten, {kind: dense, units: 5, repeat: 199}]", "gan"),
        ("[flatten, {kind: dense, units: 5, repeat: 149}]", "autoencoder"),
    ],
)
def test_the_most_layers_are_allowed(layers: str, pretraining: str, tmp_path: Path) -> None:
    assert faults(tmp_path, f"model.layers={layers}", f"training.pretraining={pretraining}") == ()


@pytest.mark.parametrize("kind", ["batch_norm", "layer_norm"])
@pytest.mark.parametrize("source", ["mnist", "cifar10", "california_housing", "{kind: npz, path: x.npz}"])
@pytest.mark.parametrize(
    ("before", "n_axes"),
    [
        ("", None),
        ("flatten, ", 2),
        ("global_max_pool, ", 2),
        ("{kind: conv2d, filters: 3}, ", 4),
        ("max_pool, relu, ", None),
        ("{kind: reshape, shape: [2, 392]}, ", 3),
        ("flatten, {kind: residual, layers: [{kind: dense, units: 3}]}, ", 2),
        ("{kind: residual, layers: [flatten]}, ", 2),
    ],
)
def test_an_axis_that_the_input_does_not_have_is_refused(
    kind: str, source: str, before: str, n_axes: int | None, tmp_path: Path
) -> None:
    """An input of n axes has the axes 1 to n − 1 and −1 to 1 − n, without that of the examples."""
    before = before.replace("relu", "{kind: activation, function: relu}")
    known = (
        {"mnist": 3, "cifar10": 4, "california_housing": 2}.get(source)
        if not before
        else 4
        if "max_pool, {" in before
        else n_axes
    )
    for axis in range(-5, 6):
        layers = f"[{before}{{kind: {kind}, axis: {axis}}}]"
        found = [fault.path for fault in faults(tmp_path, f"data.source={source}", f"model.layers={layers}")]
        is_there = axis != 0 if known is None else axis in (*range(1, known), *range(1 - known, 0))
        assert (found == []) == is_there, axis
        assert all(path.startswith("model.layers.") and path.endswith(".axis") for path in found)


@pytest.mark.parametrize(
    "override",
    [
        "model.layers=[flatten, {kind: dense, units: 1000000000}]",
        "model.layers=[{kind: conv2d, filters: 1000000000}]",
        "model.layers=[{kind: conv2d, filters: 1, kernel_size: 1000000000}]",
        "model.layers=[{kind: conv2d, filters: 1, strides: [1, 1001]}]",
        "model.layers=[{kind: max_pool, size: 1000000000}]",
        "model.layers=[flatten, {kind: dense, units: 1, repeat: 10000}]",
        "model.layers=[{kind: batch_norm, axis: 1000000000000000000000000000000}]",
        "training.pretraining={kind: gan, codings: 1000000000}",
        "optimizer={kind: muon, ns_steps: 1000000000}",
    ],
)
def test_sizes_that_no_machine_can_compute_are_refused(override: str, tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, override)
    assert fault.rule.startswith("must be at most ")


TABLE = "data.source={kind: csv, path: a.csv, target: y, test: %s}"


@pytest.mark.parametrize("test", ["{}", "{size: 0.2, path: b.csv}"])
def test_the_test_split_of_a_table_is_given_once(test: str, tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, TABLE % test)
    assert (fault.path, fault.rule) == ("data.source.test", "needs either `size` or `path`")
    for fine in ("none", "{size: 0.2}", "{path: b.csv}"):
        assert not faults(tmp_path, TABLE % fine)


@pytest.mark.parametrize("classes", ["all", "[Coat, Dress, Bag]"])
@pytest.mark.parametrize("key", ["Dress", "Trouser", "2", "3", "10", "dress"])
def test_a_class_weight_is_refused_if_the_data_refuses_it(classes: str, key: str, tmp_path: Path) -> None:
    """The oracle is what loading does with the same key and the classes that are kept."""
    names = CLASS_NAMES["fashion_mnist"] if classes == "all" else ("Coat", "Dress", "Bag")
    labels = np.arange(len(names), dtype=np.int32)
    raw = RawData(Part(np.zeros((len(names), 1), np.float32), labels), None, "classes", names)
    data = Data.model_validate({"source": "fashion_mnist_sample", "class_weights": {key: 2}})
    try:
        class_weights(data, raw, labels)
        expected = []
    except DataError:
        expected = [f"data.class_weights.{key}"]
    found = faults(tmp_path, f"data.classes={classes}", f"data.class_weights.{key}=2")
    assert [fault.path for fault in found] == expected


def test_a_class_weight_that_appears_twice_is_refused(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "data.class_weights={Trouser: 2, 1: 3}")
    assert (fault.path, fault.rule) == ("data.class_weights.1", "the class '1' appears twice")


@pytest.mark.parametrize(
    ("augment", "path", "rule"),
    [
        ("[mixup, flip, cutmix]", "data.augment.2", "each example can only be mixed once"),
        ("[mixup, {kind: mixup, alpha: 1}]", "data.augment.1", "each example can only be mixed once"),
        ("[{kind: flip, horizontal: false}]", "data.augment.0", "both directions are off, so nothing is flipped"),
    ],
)
def test_an_augmentation_that_cannot_work_is_refused(augment: str, path: str, rule: str, tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, f"data.augment={augment}")
    assert (fault.path, fault.rule) == (path, rule)


def test_augmentations_that_can_work_are_accepted(tmp_path: Path) -> None:
    assert faults(tmp_path, "data.augment=[{kind: flip, horizontal: false, vertical: true}, crop, mixup, flip]") == ()


@pytest.mark.parametrize(
    ("kind", "override", "path"),
    [
        ("mirrored", "runtime.compile=xla", "runtime.compile"),
        ("multi_worker", "training.pretraining={kind: autoencoder, epochs: 1}", "training.pretraining"),
        ("multi_worker", "training.on_divergence=roll_back", "training.on_divergence"),
        ("multi_worker", "training.budget={minutes: 1}", "training.budget"),
        ("multi_worker", "schedule={kind: one_cycle, max_rate: auto}", "schedule.max_rate"),
        ("multi_worker", "training.batch_size=1", "runtime.distribution"),
    ],
)
def test_what_replicas_cannot_train_is_refused(kind: str, override: str, path: str, tmp_path: Path) -> None:
    assert faults(tmp_path, override) == ()
    assert [fault.path for fault in faults(tmp_path, override, f"runtime.distribution={kind}")] == [path]

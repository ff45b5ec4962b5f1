from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnctl.data.dataset import Part, RawData
from dnnctl.data.load import BUILT_IN, keep_classes, load_data
from dnnctl.data.sample.build import build
from dnnctl.errors import DataError
from dnnctl.specs.data import BuiltIn, Data

SAMPLE: dict[str, Any] = {"source": "fashion_mnist_sample"}
TAKES: list[dict[str, Any]] = [
    {"size": 2000, "take": "first"},
    {"size": 2000, "take": "last"},
    {"size": 0.2, "take": "random"},
    {"size": 2001, "take": "random", "stratify": True},
]


def load(seed: int = 1, **sections: Any) -> Any:
    return load_data(Data.model_validate({**SAMPLE, **sections}), seed=seed)


def test_every_built_in_source_has_its_loader() -> None:
    assert set(BUILT_IN) == set(BuiltIn.model_fields["kind"].annotation.__args__)  # type: ignore[union-attr]


def test_the_sample_is_the_beginning_of_the_full_files(fashion_mnist_dir: Path, tmp_path: Path) -> None:
    """Built again from the full files, it is the bundled file byte by byte, and its examples are their first ones."""
    bundled = Path(__file__).parents[2] / "dnnctl/data/sample/fashion_mnist_sample.npz"
    assert bundled.stat().st_size <= 6_000_000
    build(fashion_mnist_dir / "fashion-mnist", tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == bundled.read_bytes()
    sample, full = load(), load(source="fashion_mnist")
    assert np.array_equal(sample.train.inputs, full.train.inputs[:10_000])
    assert np.array_equal(sample.test.targets, full.test.targets[:2_000])
    assert (len(full.train), len(full.test)) == (60_000, 10_000)
    mean, deviation = full.train.inputs.mean() / 255, full.train.inputs.std() / 255
    assert (round(mean, 4), round(deviation, 4)) == (0.2860, 0.3530)


@pytest.mark.parametrize("validation", TAKES, ids=["first", "last", "random", "stratified"])
def test_a_split_is_disjoint_complete_seeded_and_recorded(validation: dict[str, Any]) -> None:
    whole, dataset = load(), load(validation=validation)
    train, kept = dataset.train.inputs, dataset.validation.inputs
    size = validation["size"] if isinstance(validation["size"], int) else int(10_000 * validation["size"])
    assert (len(kept), len(train)) == (size, 10_000 - size)

    def rows(images: np.ndarray) -> list[bytes]:
        return sorted(image.tobytes() for image in images)

    assert sorted(rows(train) + rows(kept)) == rows(whole.train.inputs)
    assert load(validation=validation).split_digest == dataset.split_digest
    other = load(seed=2, validation=validation).split_digest
    assert (other != dataset.split_digest) == (validation["take"] == "random")


def test_first_and_last_are_what_they_say() -> None:
    whole = load()
    assert np.array_equal(load(validation=TAKES[0]).validation.inputs, whole.train.inputs[:2000])
    assert np.array_equal(load(validation=TAKES[1]).validation.inputs, whole.train.inputs[-2000:])


def test_a_stratified_split_keeps_every_class_share_to_within_one() -> None:
    dataset = load(validation=TAKES[3])
    whole = np.bincount(load().train.targets)
    kept = np.bincount(dataset.validation.targets)
    assert np.abs(kept - whole * 2001 / 10_000).max() < 1


def test_classes_are_kept_and_relabelled_in_their_order() -> None:
    whole, dataset = load(), load(classes=["Sandal", 6, 0])
    assert dataset.class_names == ("Sandal", "Shirt", "T-shirt/top")
    for new, old in enumerate((5, 6, 0)):
        expected = whole.train.inputs[whole.train.targets == old]
        assert np.array_equal(dataset.train.inputs[dataset.train.targets == new], expected)
    assert set(dataset.test.targets) == {0, 1, 2}


def test_limit_counts_after_classes_and_leaves_validation_whole() -> None:
    dataset = load(classes=[5, 6], limit=200, validation={"size": 500})
    unlimited = load(classes=[5, 6], validation={"size": 500})
    assert (len(dataset.train), len(dataset.validation)) == (200, 500)
    assert np.array_equal(dataset.train.inputs, unlimited.train.inputs[:200])


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"classes": [0, "Sandle"]}, "no class 'Sandle'"),
        ({"classes": [0, 10]}, "no class 10"),
        ({"classes": [0, "T-shirt/top"]}, "twice"),
        ({"validation": {"size": 10_000}}, "none to train on"),
        ({"validation": {"size": 0.00001}}, "none for validation"),
    ],
)
def test_what_the_data_cannot_give_is_refused(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(**sections)


def test_classes_whose_names_are_numbers_are_meant_by_name_alone() -> None:
    part = Part(np.zeros((3, 2), np.float32), np.array([0, 1, 2], np.int32))
    raw = RawData(part, None, "classes", ("0", "10", "20"))
    assert keep_classes(raw, [20, 0]).train.targets.tolist() == [1, 0]
    with pytest.raises(DataError, match="no class 1"):
        keep_classes(raw, [0, 1])


def test_numbers_have_no_classes() -> None:
    part = Part(np.zeros((4, 2), np.float32), np.zeros((4, 1), np.float32))
    with pytest.raises(DataError, match="numbers"):
        keep_classes(RawData(part, None, "numbers"), [0, 1])

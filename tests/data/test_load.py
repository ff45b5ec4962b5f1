from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnctl.data.dataset import Part, RawData
from dnnctl.data.load import Split, load_data
from dnnctl.data.sample.build import build
from dnnctl.errors import DataError
from dnnctl.specs.data import Data
from image_files import draw_pixels, write_folder

SAMPLE: dict[str, Any] = {"source": "fashion_mnist_sample"}
TAKES: list[dict[str, Any]] = [
    {"size": 2000, "take": "first"},
    {"size": 2000, "take": "last"},
    {"size": 0.2, "take": "random"},
    {"size": 2001, "take": "random", "stratify": True},
]


def load(seed: int = 1, **sections: Any) -> Any:
    return load_data(Data.model_validate({**SAMPLE, **sections}), seed=seed)


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


def test_a_split_before_classes_counts_examples_of_all_classes() -> None:
    """The oracle: the same split without `classes`, filtered by hand."""
    whole = load(validation={"size": 2000, "take": "random"})
    dataset = load(classes=[6, 5], validation={"size": 2000, "take": "random", "before_classes": True})
    for split, expected in ((dataset.train, whole.train), (dataset.validation, whole.validation)):
        kept = np.isin(expected.targets, [5, 6])
        assert np.array_equal(split.inputs, expected.inputs[kept])
        assert np.array_equal(split.targets, (expected.targets[kept] == 5).astype(np.int32))
    assert dataset.class_names == ("Shirt", "Sandal")


def test_own_data_is_split_and_limited_at_random_with_every_class(tmp_path: Path) -> None:
    """A built-in data set is split in its order; a file of the user is often sorted by class."""
    labels = np.repeat(["a", "b", "c"], 40)
    np.savez(tmp_path / "sorted.npz", x_train=np.arange(240, dtype=np.float32).reshape(120, 2), y_train=labels)
    source = {"kind": "npz", "path": str(tmp_path / "sorted.npz")}
    dataset = load(source=source, validation={"size": 30}, limit=30)
    assert np.bincount(dataset.validation.targets).tolist() == [10, 10, 10]
    assert np.bincount(dataset.train.targets).tolist() == [10, 10, 10]


def test_the_same_examples_from_files_and_from_arrays_are_the_same_data_set(tmp_path: Path) -> None:
    """Images, memory maps and arrays are split, limited and relabelled alike. What a source says is passed on."""
    images, labels = draw_pixels(60, 2, 2), np.repeat(["a", "b", "c"], 20)
    files = {f"{label}/{number:02}.png": images[number] for number, label in enumerate(labels)}
    write_folder(tmp_path / "photos", {**files, "readme.txt": b""})
    np.savez(tmp_path / "all.npz", x_train=images, y_train=labels)
    np.save(tmp_path / "x.npy", images)
    np.save(tmp_path / "y.npy", labels)
    sections = {"classes": ["c", "a"], "validation": {"size": 0.25}, "limit": 20}
    first, *others = (
        load(source={"kind": kind, **{key: str(tmp_path / name) for key, name in paths.items()}}, **sections)
        for kind, paths in {
            "npz": {"path": "all.npz"},
            "npy": {"train_inputs": "x.npy", "train_targets": "y.npy"},
            "images": {"path": "photos"},
        }.items()
    )
    for other in others:
        for split in ("train", "validation"):
            ours, theirs = getattr(first, split), getattr(other, split)
            assert np.array_equal(ours.inputs, theirs.inputs)
            assert np.array_equal(ours.targets, theirs.targets)
        assert (other.class_names, other.split_digest) == (first.class_names, first.split_digest)
    assert [len(other.warnings) for other in others] == [0, 1]


def test_the_statistics_of_an_encoding_come_from_the_training_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """`fit` gets rows of the source, also after classes were dropped; its encoding is what training gets."""
    part = Part(np.arange(12, dtype=np.float32).reshape(6, 2), np.array([0, 1, 2, 0, 1, 2], np.int32))
    seen: list[list[int]] = []

    def fit(rows: Any, _scaling: str) -> RawData:
        seen.append(np.asarray(rows).tolist())
        return RawData(Part(part.inputs * 10, part.targets), None, "classes", ("a", "b", "c"))

    raw = RawData(part, None, "classes", ("a", "b", "c"), fit=fit)
    monkeypatch.setattr("dnnctl.data.load.load_source", lambda *_, **__: raw)
    dataset = load(classes=["c", "b"], validation={"size": 2, "take": "first"})
    assert seen == [[4, 5]]
    assert dataset.train.inputs.tolist() == [[80, 90], [100, 110]]
    assert dataset.train.targets.tolist() == [1, 0]


def npy_source(folder: Path, **arrays: Any) -> dict[str, Any]:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return {"kind": "npy"} | {name: str(folder / f"{name}.npy") for name in arrays}


def test_a_validation_split_of_the_source_can_have_any_classes(tmp_path: Path) -> None:
    """No key could accept such a split: `data.validation` is not allowed then. Missing classes are reported."""
    inputs, targets = np.random.default_rng(0).random((300, 2), np.float32), np.arange(300) % 20 // 19
    for validation, warnings in ((np.arange(300) % 2, 0), (np.ones(300, int), 1)):
        source = npy_source(
            tmp_path,
            train_inputs=inputs,
            train_targets=targets,
            validation_inputs=inputs,
            validation_targets=validation,
        )
        dataset = load(source=source)
        assert np.array_equal(dataset.validation.targets, validation)
        assert len(dataset.warnings) == warnings


@pytest.mark.parametrize(("limit", "is_lazy"), [("none", True), (10, False)])
def test_the_memory_that_inputs_need_is_that_of_the_rows_in_use(limit: Any, is_lazy: bool, tmp_path: Path) -> None:
    """60 rows of 8 bytes; 10 of them and 12 for validation need 176 bytes. With `unlabelled`, all 60 are in memory."""
    source = npy_source(
        tmp_path, train_inputs=np.random.default_rng(0).random((60, 2), np.float32), train_targets=np.arange(60) % 2
    )
    data = Data.model_validate({"source": source, "validation": {"size": 12}, "limit": limit})
    dataset = load_data(data, seed=1, memory=176)
    assert isinstance(dataset.train.inputs, np.ndarray) != is_lazy
    assert isinstance(load_data(data, seed=1, memory=175).train.inputs, np.ndarray) is False
    with pytest.raises(DataError, match="pretraining needs all inputs in memory"):
        load_data(data, seed=1, memory=479, with_unlabelled=True)
    unlabelled = load_data(data, seed=1, memory=480, with_unlabelled=True).unlabelled
    assert unlabelled is not None
    assert len(unlabelled) == 48


def test_the_digest_of_a_split_covers_both_parts() -> None:
    digests = {
        Split(np.array(train), np.array(validation), np.arange(9)).digest()
        for train, validation in (([0, 1], [2]), ([0, 1], [3]), ([0, 2], [3]), ([0, 1, 2], [3]))
    }
    assert len(digests) == 4


def test_inputs_that_stay_on_the_disk_are_not_read_to_compare_them(tmp_path: Path) -> None:
    inputs, targets = np.random.default_rng(0).random((20, 2), np.float32), np.arange(20) % 2
    arrays = {"train_inputs": inputs, "train_targets": targets, "test_inputs": inputs, "test_targets": targets}
    for in_memory in (True, False):
        dataset = load(source=npy_source(tmp_path, **arrays), in_memory=in_memory)
        assert isinstance(dataset.train.inputs, np.ndarray) == in_memory
        assert any("same inputs as a training example" in warning for warning in dataset.warnings) == in_memory


def test_the_source_rows_lead_back_to_the_file(tmp_path: Path) -> None:
    """Whatever was left out: other classes, validation, a test split of the same file, rows beyond a limit."""
    source = {"kind": "csv", "path": str(tmp_path / "rows.csv"), "target": "kind", "test": {"size": 0.2}}
    kinds = np.random.default_rng(3).choice(["cat", "dog", "cow"], 120)
    numbers = np.random.default_rng(4).permutation(120) / 4
    lines = [f"{number},{kind}" for number, kind in zip(numbers, kinds, strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join(["number,kind", *lines]))
    for classes in ("all", ["cow", "cat"]):
        found = load(source=source, classes=classes, validation={"size": 0.25}, limit=30, scaling="none")
        rows = found.source_rows["train"]
        assert len(rows) == len(found.train) == 30
        np.testing.assert_array_equal(found.train.inputs[:, 0], numbers[rows].astype(np.float32))
        assert [found.class_names[target] for target in found.train.targets] == kinds[rows].tolist()


def test_the_source_of_an_image_is_its_file(tmp_path: Path) -> None:
    pixels = draw_pixels(20, 4, 4)
    images = {f"{'ab'[number % 2]}/{number}.png": image for number, image in enumerate(pixels)}
    write_folder(tmp_path / "images", images)
    source = {"kind": "images", "path": str(tmp_path / "images"), "test": {"size": 0.2}}
    found = load(source=source, validation={"size": 4})
    for inputs, row in zip(found.train.inputs, found.source_rows["train"], strict=True):
        np.testing.assert_array_equal(inputs, images[found.files[row]])

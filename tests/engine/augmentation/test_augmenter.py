"""Augmentation in the training loop: what it depends on, and its statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from pydantic import TypeAdapter

from dnnctl.engine.augmentation.augmenter import AUGMENTATIONS, Augmenter, build_augmenter
from dnnctl.engine.batch import Batch
from dnnctl.engine.step_loop import EpochPlan, OnDevice, StepLoop
from dnnctl.errors import SpecError
from dnnctl.specs.augment import Augmentation, Augmentations
from dnnctl.specs.reading.introspection import kinds_of, members
from dnnctl.store.encoding import ColumnEncoding, TableEncoding

N = 53
IMAGES = np.random.default_rng(1).integers(0, 256, (N, 8, 6), dtype=np.uint8)
ROWS = np.random.default_rng(1).normal(size=(N, 5)).astype(np.float32)
GEOMETRY: list[Any] = ["flip", {"kind": "crop", "padding": 2}, "rotate", "zoom", "translate"]
COLOUR: list[Any] = ["brightness", "contrast", "noise", {"kind": "cutout", "size": 3}]
EVERYTHING: list[Any] = [*GEOMETRY, "mixup", *COLOUR]


def parse(specs: list[Any]) -> Any:
    return TypeAdapter(Augmentations).validate_python(specs)


def augmenter_of(specs: list[Any], inputs: NDArray[Any] = IMAGES) -> Augmenter:
    built = build_augmenter(parse(specs), inputs)
    assert built is not None
    return built


def epoch_of(
    specs: list[Any],
    *,
    seed: int = 7,
    batch_size: int = 16,
    cut: int = 100,
    inputs: NDArray[Any] = IMAGES,
    mode: str = "graph",
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The inputs of each example as the training step gets them in an epoch, and the share of its own label."""
    n = len(inputs)
    seen, shares = tf.Variable(tf.zeros(inputs.shape)), tf.Variable(tf.zeros(n))

    def step(batch: Batch, _rate: Any, _momentum: Any) -> Any:
        seen.scatter_nd_update(batch.targets[:, None], tf.cast(batch.inputs, tf.float32))
        if batch.mixed is not None:
            shares.scatter_nd_update(batch.targets[:, None], batch.mixed.share)
        return tf.constant(0.0)

    train = OnDevice(tf.constant(inputs), tf.range(n), n)
    augmenter = augmenter_of(specs, inputs)
    loop = StepLoop(step, train, batch_size=batch_size, jit_compile=mode == "xla", augmenter=augmenter)
    order = np.random.default_rng(3).permutation(n).astype(np.int32)
    loop.start_epoch(EpochPlan(order, np.zeros(loop.n_steps, np.float32), augment_seed=seed))
    for start in range(0, loop.n_steps, cut):
        loop.run(start, min(start + cut, loop.n_steps))
    return seen.numpy(), shares.numpy()


def test_every_augmentation_has_a_formula() -> None:
    assert set(AUGMENTATIONS) == set(members(Augmentation))
    tested = {spec.kind for specs in (EVERYTHING, ["cutmix"]) for spec in parse(specs)}
    assert tested == set(kinds_of(members(Augmentation)))


@pytest.mark.parametrize("specs", [EVERYTHING, ["flip", "cutmix"]], ids=["everything", "cutmix"])
def test_an_example_is_the_same_in_any_batch_and_call(specs: list[Any]) -> None:
    """For batches of 1, 10 and all examples, for calls of one step and of the whole epoch, and under XLA.

    Rounding to whole numbers can differ where the last bit of a value before it does.
    """
    expected, shares = epoch_of(specs)
    assert (expected != IMAGES).any(axis=(1, 2)).mean() > 0.9
    for batch_size, cut, mode in [(16, 1, "graph"), (10, 2, "graph"), (1, 40, "graph"), (N, 1, "xla")]:
        found, found_shares = epoch_of(specs, batch_size=batch_size, cut=cut, mode=mode)
        assert np.abs(found - expected).max() <= 1
        assert (found == expected).mean() > 0.999
        assert found_shares == pytest.approx(shares, abs=1e-6)


@pytest.mark.parametrize("inputs", [IMAGES, IMAGES[..., None].repeat(3, 3) / np.float32(255)], ids=["grey", "colour"])
def test_each_epoch_is_different(inputs: NDArray[Any]) -> None:
    first, second = (epoch_of(EVERYTHING, inputs=inputs, seed=seed)[0] for seed in (1, 2))
    assert (first != second).any(axis=tuple(range(1, inputs.ndim))).all()


def test_another_augmentation_does_not_change_the_draws() -> None:
    """Flips are the same with and without a contrast before them."""
    is_flipped = (epoch_of(["flip"])[0] != IMAGES).any(axis=(1, 2))
    alone, after = epoch_of(["contrast"])[0], epoch_of([{"kind": "contrast", "amount": 0.2}, "flip"])[0]
    assert np.array_equal((after != alone).any(axis=(1, 2)), is_flipped)
    assert 0 < is_flipped.sum() < N


def test_the_same_augmentation_twice_has_two_draws() -> None:
    """Otherwise, two flips would undo each other."""
    assert (epoch_of(["flip", "flip"])[0] != IMAGES).any()


def test_an_example_keeps_its_draws_after_mixing() -> None:
    """The squares that are erased are the same with and without mixing before."""
    images, cutout = IMAGES // 2 + 1, {"kind": "cutout", "size": 3}
    alone, mixed = epoch_of([cutout], inputs=images)[0], epoch_of(["mixup", cutout], inputs=images)[0]
    assert np.array_equal(alone == 0, mixed == 0)
    assert (alone == 0).any()


def test_uint8_images_are_rounded_and_clipped() -> None:
    """The same changes of the same values as float32, which are neither rounded nor clipped."""
    changes: list[Any] = [{"kind": "brightness", "amount": 0.9}, "contrast", {"kind": "noise", "stddev": 0.2}, "rotate"]
    images = IMAGES.copy()
    images[0, 0, :2] = 0, 255
    exact = epoch_of(changes, inputs=images.astype(np.float32))[0]
    assert exact.min() < -50
    assert exact.max() > 300
    assert np.array_equal(epoch_of(changes, inputs=images)[0], np.clip(np.round(exact), 0, 255))


def test_a_mixed_example_has_a_part_of_the_one_before_it_in_the_order() -> None:
    """The first example of an epoch is mixed with the last one."""
    order = np.random.default_rng(3).permutation(N)
    before = np.empty(N, int)
    before[order] = np.roll(order, 1)
    rows, shares = epoch_of([{"kind": "mixup", "alpha": 1.0}], inputs=ROWS)
    assert rows == pytest.approx(shares[:, None] * ROWS + (1 - shares[:, None]) * ROWS[before], abs=1e-6)
    assert len(np.unique(shares)) == N


def test_half_of_the_images_are_flipped() -> None:
    """Of 4,000, within 5 standard deviations of the binomial distribution, in each direction."""
    images = np.tile(np.array([[1, 2], [3, 4]], np.uint8), (4000, 1, 1))
    found, _ = epoch_of([{"kind": "flip", "vertical": True}], inputs=images, batch_size=1000)
    flipped = np.stack([found[:, 0, 0] % 2 == 0, found.max(axis=2)[:, 0] == 4])
    assert np.abs(flipped.sum(axis=1) - 2000).max() < 5 * np.sqrt(4000 / 4)
    both = (flipped[0] & flipped[1]).sum()
    assert abs(both - 1000) < 5 * np.sqrt(4000 * 3 / 16)


def test_crops_are_uniform_over_all_windows() -> None:
    """χ² over the 25 windows of a padding of 2, within 5 standard deviations."""
    images = np.zeros((5000, 5, 5), np.uint8)
    images[:, 2, 2] = 255
    found, _ = epoch_of([{"kind": "crop", "padding": 2}], inputs=images, batch_size=1000)
    counts = (found > 0).sum(axis=0)
    assert counts.sum() == 5000
    assert ((counts - 200.0) ** 2 / 200).sum() < 24 + 5 * np.sqrt(2 * 24)


@pytest.mark.parametrize("kind", [spec.kind for spec in parse(EVERYTHING)] + ["cutmix"])
def test_augmentations_of_images_refuse_rows(kind: str) -> None:
    """Noise and mixup take rows; everything else says which entry of the list needs images."""
    if kind in ("noise", "mixup"):
        assert epoch_of([kind], inputs=ROWS)[0].shape == ROWS.shape
        return
    with pytest.raises(SpecError, match=r"data\.augment\.1: .* needs images, but each input is 5"):
        build_augmenter(parse(["noise", kind]), ROWS)


@pytest.mark.parametrize(("kind", "key"), [("crop", "padding"), ("cutout", "size")])
def test_borders_and_squares_must_be_smaller_than_the_images(kind: str, key: str) -> None:
    assert augmenter_of([{"kind": kind, key: 5}])
    with pytest.raises(SpecError, match=rf"data\.augment\.0: `{key}` must be less .* 8 × 6"):
        build_augmenter(parse([{"kind": kind, key: 6}]), IMAGES)


def test_embedded_categories_cannot_be_mixed() -> None:
    encoding = TableEncoding((ColumnEncoding("city", "category", categories=("a", "b"), is_embedded=True),))
    with pytest.raises(SpecError, match="cannot mix categories"):
        build_augmenter(parse(["mixup"]), ROWS[:, :1], encoding)

"""The order of the examples and the seed of augmentation: pure functions of seed and epoch."""

from __future__ import annotations

from dnnctl.runner.shuffle import augment_seed, epoch_order
from dnnctl.seeds import derive_seed


def test_orders_are_permutations_that_differ_between_epochs_and_seeds() -> None:
    orders = [epoch_order(seed, epoch, 1000) for seed in (1, 2) for epoch in (1, 2, 3)]
    assert all(sorted(order) == list(range(1000)) for order in orders)
    assert len({order.tobytes() for order in orders}) == len(orders)


def test_augmentation_differs_between_epochs_and_seeds() -> None:
    """Below 2³¹, as the compiled step needs it."""
    seeds = [augment_seed(seed, epoch) for seed in range(20) for epoch in range(1, 50)]
    assert len(set(seeds)) == len(seeds)
    assert max(seeds) < 2**31


def test_orders_and_seeds_are_the_same_everywhere() -> None:
    """Recorded values: a change would change every run that is repeated or resumed."""
    assert derive_seed(42, "dense_1", 3) == 1102408768
    assert augment_seed(42, 1) == 94747699
    assert epoch_order(42, 1, 10).tolist() == [6, 2, 0, 3, 4, 5, 7, 8, 9, 1]

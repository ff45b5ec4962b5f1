"""Which runs repeat the same training."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.store.facts import DataFacts, ParentFacts, PrunedFacts
from dnnctl.store.recipe import Repetition, is_repeatable, recipe, repetition, repetitions
from stored import add_facts, make_run, store_run


def test_a_recipe_is_the_spec_without_name_description_and_seed(tmp_path: Path) -> None:
    run = store_run(tmp_path, "a", seed=1, description="one")
    assert recipe(run) == recipe(store_run(tmp_path, "b", seed=2, description="two"))
    assert recipe(run) != recipe(store_run(tmp_path, "a", seed=1, optimizer="adam"))


def test_what_is_logged_is_no_part_of_the_recipe(tmp_path: Path) -> None:
    """Also compared with runs of versions that had no such key."""
    sections = ({"device": "cpu"}, {"device": "cpu", "log": "none"}, {"device": "cpu", "log": ["mlflow"]})
    assert len({recipe(store_run(tmp_path, runtime=section)) for section in sections}) == 1
    assert recipe(store_run(tmp_path, runtime={"device": "gpu"})) != recipe(store_run(tmp_path, runtime=sections[0]))


@pytest.mark.parametrize("facts", [{"parent": ParentFacts("x", "y", 1, 10)}, {"pruned": PrunedFacts("x", 0.1, 0.8)}])
def test_forks_and_pruned_runs_are_not_repetitions(facts: dict[str, object], tmp_path: Path) -> None:
    first, second = store_run(tmp_path, seed=1), add_facts(store_run(tmp_path, seed=2), **facts)
    assert not is_repeatable(second)
    assert repetitions(first, [first, second]) == [first]
    assert repetitions(second, [first, second]) == [second]


def test_repetitions_are_the_newest_complete_runs_on_the_same_data(tmp_path: Path) -> None:
    old, first, second = (store_run(tmp_path, seed=seed) for seed in (1, 1, 2))
    elsewhere = add_facts(store_run(tmp_path, seed=3), data=DataFacts("other", "s"))
    unfinished = make_run(tmp_path)
    found = repetitions(second, [old, first, second, elsewhere, unfinished])
    assert [run.id for run in found] == [first.id, second.id]


def test_seeds_whose_random_validation_examples_differ_are_repetitions(tmp_path: Path) -> None:
    """`train --seeds` draws other validation examples for each seed; the test examples are the same."""
    first, second = (
        add_facts(store_run(tmp_path, seed=seed), data=DataFacts("d", f"split {seed}"), seed=seed) for seed in (1, 2)
    )
    assert [run.id for run in repetitions(second, [first, second])] == [first.id, second.id]


def test_folds_of_the_same_data_are_repetitions_in_the_order_of_seed_and_fold(tmp_path: Path) -> None:
    """Another number of folds, or other data, is another recipe."""
    last, first, other_seed, middle, four, elsewhere = (
        store_run(tmp_path, seed=seed, fold=fold, data=data)
        for seed, fold, data in [
            (1, (2, 3), "d"), (1, (0, 3), "d"), (2, (1, 3), "d"), (1, (1, 3), "d"), (1, (0, 4), "d"), (1, (0, 3), "x"),
        ]
    )  # fmt: skip
    assert (repetition(last), repetition(first)) == (Repetition(1, 2, 3), Repetition(1, 0, 3))
    found = repetitions(last, [last, first, other_seed, middle, four, elsewhere])
    assert [run.id for run in found] == [run.id for run in (first, middle, last, other_seed)]

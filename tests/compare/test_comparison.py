"""Runs side by side, by what their files say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from dnnctl.compare.comparison import Comparison, compare_runs
from dnnctl.compare.group import group_runs
from dnnctl.errors import UserError
from dnnctl.store.facts import DataFacts, ParentFacts
from dnnctl.store.files import append_json_line, write_json
from dnnctl.store.json_object import plain
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter
from stored import SPEC, add_facts, store_run

BETTER = np.arange(400) % 10 < 9
WORSE = np.arange(400) % 10 < 7
SELU = {"model": {"defaults": {"activation": "selu"}, "layers": SPEC["model"]["layers"]}}


def compared(*runs: RunRecord) -> Comparison:
    return compare_runs(runs)


def test_only_differing_keys_are_shown(tmp_path: Path) -> None:
    a = store_run(tmp_path, "a")
    b = store_run(tmp_path, "b", **SELU, optimizer="adam", seed=2)
    found = {each.path: each.values for each in compared(a, b).differences}
    assert found == {
        "seed": (1, 2),
        "model.defaults.activation": ("relu", "selu"),
        "optimizer.kind": ("sgd", "adam"),
        "optimizer.learning_rate": (0.1, None),
    }


def test_results_are_those_on_record(tmp_path: Path) -> None:
    comparison = compared(store_run(tmp_path, "a", accuracy=0.8), store_run(tmp_path, "b", accuracy=0.7, epochs=5))
    found = {result.name: [spread.mean for spread in result.spreads] for result in comparison.results}
    assert found["test accuracy"] == [0.8, 0.7]
    assert found["last val_loss"] == pytest.approx([2 / 3, 2 / 5])
    assert (found["epochs"], found["seconds per epoch"], found["training seconds"]) == ([3, 5], [0.5, 0.5], [1.5, 2.5])
    marks = {result.name: result.best for result in comparison.results}
    assert (marks["test accuracy"], marks["last val_loss"], marks["epochs"]) == (0, 1, None)
    assert "The numbers of epochs differ: a 3, b 5." in comparison.notes


def test_two_models_on_the_same_examples_are_tested_in_pairs(tmp_path: Path) -> None:
    """80 of 400 examples are right in one alone: exactly the binomial test of 0 in 80."""
    (verdict,) = compared(store_run(tmp_path, "a", right=WORSE), store_run(tmp_path, "b", right=BETTER)).verdicts
    assert verdict.better == "b"
    assert verdict.estimate is not None
    assert verdict.estimate.p == pytest.approx(stats.binomtest(0, 80, 0.5).pvalue)
    assert verdict.estimate.difference == pytest.approx(0.2)
    assert str(verdict).startswith("b is better than a: +20.00 percentage points in test accuracy (95 % interval 16.")
    assert str(verdict).endswith("p < 0.0001, exact McNemar test, 400 test examples)")


def test_noise_is_not_called_a_difference(tmp_path: Path) -> None:
    a, b = BETTER.copy(), BETTER.copy()
    a[:3], b[3:5] = False, False
    comparison = compared(store_run(tmp_path, "a", right=a), store_run(tmp_path, "b", right=b))
    (verdict,) = comparison.verdicts
    assert verdict.better is None
    assert str(verdict).startswith(
        "no significant difference between a and b: b differs by +0.25 percentage points in test accuracy"
    )
    assert any(note.startswith("One seed each") for note in comparison.notes)


def test_other_metrics_are_bootstrapped(tmp_path: Path) -> None:
    runs = [store_run(tmp_path, "a", right=WORSE), store_run(tmp_path, "b", right=BETTER)]
    (verdict,) = compare_runs(runs, "crossentropy").verdicts
    assert (verdict.better, verdict.test) == ("b", "paired bootstrap")
    assert verdict.estimate is not None
    assert verdict.estimate.difference == pytest.approx(-0.2 * (np.log(0.8) - np.log(0.1)), rel=1e-4)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"right": BETTER[:300]}, "not scored on the same test examples"),
        ({}, "b has no predictions on test data"),
    ],
)
def test_a_pair_that_cannot_be_tested_has_a_reason(other: dict[str, np.ndarray], reason: str, tmp_path: Path) -> None:
    (verdict,) = compared(store_run(tmp_path, "a", right=BETTER), store_run(tmp_path, "b", **other)).verdicts
    assert (verdict.better, verdict.estimate) == (None, None)
    assert reason in str(verdict)


def seeds(directory: Path, name: str, figures: list[float], first: int = 0, **spec: object) -> list[RunRecord]:
    return [store_run(directory, name, accuracy=each, seed=seed, **spec) for seed, each in enumerate(figures, first)]


def test_seeds_of_one_spec_are_a_group_and_paired_by_seed(tmp_path: Path) -> None:
    one, two = [0.80, 0.82, 0.81], [0.84, 0.85, 0.86]
    comparison = compared(*seeds(tmp_path, "relu", one), *seeds(tmp_path, "selu", two, **SELU))
    assert [len(group.runs) for group in comparison.groups] == [3, 3]
    assert [each.path for each in comparison.differences] == ["model.defaults.activation"]
    (verdict,) = comparison.verdicts
    assert verdict.test == "Student's test, paired by seed"
    assert verdict.estimate is not None
    assert verdict.estimate.p == pytest.approx(stats.ttest_rel(two, one).pvalue)
    spread = next(result for result in comparison.results if result.name == "test accuracy").spreads[0]
    assert (spread.mean, spread.deviation) == pytest.approx((np.mean(one), np.std(one, ddof=1)))


def test_other_seeds_are_tested_by_welch_and_several_groups_by_holm(tmp_path: Path) -> None:
    one, two, three = [0.80, 0.82, 0.81], [0.84, 0.85, 0.86, 0.85], [0.70, 0.75]
    adam = {"optimizer": "adam"}
    comparison = compared(
        *seeds(tmp_path, "a", one), *seeds(tmp_path, "b", two, 10, **SELU), *seeds(tmp_path, "c", three, 20, **adam)
    )
    raw = [stats.ttest_ind(y, x, equal_var=False).pvalue for x, y in ((one, two), (one, three), (two, three))]
    found = [verdict.estimate.p for verdict in comparison.verdicts if verdict.estimate]
    order = np.argsort(raw)
    expected = np.maximum.accumulate([min(1, (3 - rank) * raw[i]) for rank, i in enumerate(order)])
    assert [found[i] for i in order] == pytest.approx(list(expected))
    assert "after Holm's correction for 3 tests" in str(comparison.verdicts[0])


def test_the_order_of_seeds_does_not_matter_and_an_unfinished_run_is_left_out(tmp_path: Path) -> None:
    """Pairs are made by seed; an unfinished run of a seed that has also finished is left out."""
    one, two = seeds(tmp_path, "a", [0.80, 0.82, 0.81]), seeds(tmp_path, "b", [0.84, 0.85, 0.86], **SELU)
    lost = store_run(tmp_path, "a", accuracy=0.5, seed=0)
    lost.folder.summary.unlink()
    comparison = compared(RunRecord(lost.folder), *one, *reversed(two))
    assert [len(group.runs) for group in comparison.groups] == [3, 3]
    (verdict,) = comparison.verdicts
    assert [run.id for run in comparison.groups[0].left_out] == [lost.id]
    assert verdict.estimate is not None
    assert verdict.estimate.p == pytest.approx(stats.ttest_rel([0.84, 0.85, 0.86], [0.80, 0.82, 0.81]).pvalue)


def test_seeds_on_different_data_are_no_group(tmp_path: Path) -> None:
    assert len(compared(store_run(tmp_path, "a"), store_run(tmp_path, "a", seed=2, data="x")).groups) == 2


def test_an_unfinished_run_does_not_change_the_other_verdicts(tmp_path: Path) -> None:
    lost = store_run(tmp_path, "c")
    lost.folder.summary.unlink()
    runs = store_run(tmp_path, "a", right=WORSE), store_run(tmp_path, "b", right=BETTER)
    first, *_ = compared(*runs, RunRecord(lost.folder)).verdicts
    assert (first.role, first.better) == ("test", "b")
    assert compare_runs(runs, "val_accuracy").verdicts[0].role == "validation"


@pytest.mark.parametrize("difference", [{"loss": "mse"}, {"target_scaling": "log"}])
def test_losses_of_different_kinds_are_not_ranked(difference: dict[str, str], tmp_path: Path) -> None:
    other = store_run(tmp_path, "b", accuracy=0.9)
    assert other.summary is not None
    summary = replace(other.summary, **difference, test={"loss": 0.01, "accuracy": 0.9})
    write_json(other.folder.summary, plain(summary))
    comparison = compared(store_run(tmp_path, "a"), RunRecord(other.folder))
    assert {result.name: result.best for result in comparison.results}["test loss"] is None
    assert any("not on the same scale" in note for note in comparison.notes)


@pytest.mark.parametrize(("metric", "test"), [("accuracy", "paired bootstrap"), ("exact_match", "exact McNemar test")])
def test_labels_are_compared_by_the_test_that_applies(metric: str, test: str, tmp_path: Path) -> None:
    """McNemar's test is for what is right or wrong; the accuracy of an example is a fraction of its labels."""
    draw = np.random.default_rng(2)
    labels = draw.integers(0, 2, (200, 3)).astype(np.float32)
    runs = []
    for name, noise in (("a", 0.9), ("b", 0.6)):
        run = store_run(tmp_path, name, right=BETTER)
        assert run.summary is not None
        p = np.clip(labels * 0.5 + 0.25 + draw.uniform(-noise / 2, noise / 2, (200, 3)), 0, 1).astype(np.float32)
        np.savez(run.folder.predictions, test_predictions=p, test_labels=labels)
        with RunWriter.open(run) as writer:
            writer.write_summary(replace(run.summary, task="labels", loss="binary_crossentropy"))
            runs.append(writer.read())
    (verdict,) = compare_runs(runs, f"test_{metric}").verdicts
    assert (verdict.test, verdict.better) == (test, "b")


def test_a_fork_is_compared_with_notes_about_its_parent(tmp_path: Path) -> None:
    parent, fork = store_run(tmp_path, "a"), store_run(tmp_path, "b", epochs=4)
    add_facts(fork, parent=ParentFacts(parent.id, "x", 4, 40, DataFacts("d", "other")))
    notes = " ".join(compared(parent, RunRecord(fork.folder)).notes)
    for part in ("b was forked from a after epoch 4", "its parent's weights", "other validation examples"):
        assert part in notes


def test_two_runs_of_one_seed_are_compared_with_each_other(tmp_path: Path) -> None:
    for name in ("a", "b"):
        groups = group_runs([store_run(tmp_path, "a"), store_run(tmp_path, name)])
        assert [(len(group.runs), group.left_out) for group in groups] == [(1, ()), (1, ())]


def test_a_group_counts_the_newest_run_of_each_seed(tmp_path: Path) -> None:
    """A seed that was trained again changes no verdict of the others: it is as if the older run were gone."""
    one, two = [0.80, 0.82, 0.81], [0.84, 0.85, 0.86]
    old = store_run(tmp_path, "relu", accuracy=0.1, seed=0)
    runs = [*seeds(tmp_path, "relu", one), *seeds(tmp_path, "selu", two, **SELU)]
    with_old, without = compared(old, *runs), compared(*runs)
    assert [len(group.runs) for group in with_old.groups] == [3, 3]
    assert (with_old.verdicts, with_old.results) == (without.verdicts, without.results)
    assert [run.id for run in with_old.groups[0].left_out] == [old.id]
    assert any(f"Left out: {old.id} (seed 0)." in note for note in with_old.notes)


def test_runs_of_one_recipe_with_other_names_are_separate_groups(tmp_path: Path) -> None:
    """Otherwise `compare before after` would leave out one of the two."""
    runs = [*seeds(tmp_path, "before", [0.8, 0.81]), *seeds(tmp_path, "after", [0.9, 0.91])]
    assert [[run.name for run in group.runs] for group in group_runs(runs)] == [["before"] * 2, ["after"] * 2]


def test_one_seed_of_several_is_noted_with_the_command_for_all(tmp_path: Path) -> None:
    relu, selu = seeds(tmp_path, "relu", [0.8, 0.81, 0.82]), seeds(tmp_path, "selu", [0.9, 0.91], **SELU)
    (note,) = (note for note in compared(relu[0], selu[1]).notes if "Other seeds" in note)
    assert "(a is one of 3, b is one of 2)" in note
    assert note.endswith("dnnctl compare relu selu")
    assert not any("Other seeds" in note for note in compared(*relu, *selu).notes)
    lone = store_run(tmp_path, "adam", optimizer="adam")
    (note,) = (note for note in compared(lone, selu[1]).notes if "Other seeds" in note)
    assert note.endswith(f"dnnctl compare {lone.id} selu")


def with_data(run: RunRecord, digest: str, split: str) -> RunRecord:
    return add_facts(run, data=DataFacts(digest, split))


@pytest.mark.parametrize(
    ("digest", "split", "ranked"),
    [
        ("d", "s", {"test accuracy", "validation accuracy", "last accuracy"}),
        ("d", "other", {"test accuracy"}),
        ("other", "s", set()),
        ("other", "other", set()),
    ],
)
def test_metrics_on_different_examples_are_not_ranked(
    digest: str, split: str, ranked: set[str], tmp_path: Path
) -> None:
    """Test examples depend on the source alone; training and validation examples also on the split."""
    a = with_data(store_run(tmp_path, "a", accuracy=0.8), "d", "s")
    b = with_data(store_run(tmp_path, "b", accuracy=0.9, **SELU), digest, split)
    results = {result.name: result for result in compared(a, b).results}
    names = {"test accuracy", "validation accuracy", "last accuracy"}
    assert {name for name in names if results[name].best is not None} == ranked
    assert {name for name in names if results[name].is_comparable} == ranked
    assert results["epochs"].is_comparable


def test_seeds_on_different_data_are_not_tested(tmp_path: Path) -> None:
    one = seeds(tmp_path, "a", [0.8, 0.81, 0.82])
    two = seeds(tmp_path, "b", [0.9, 0.91, 0.92], **SELU)
    others = [with_data(run, "other", "s") for run in two]
    (verdict,) = compared(*one, *others).verdicts
    assert (verdict.better, verdict.reason) == (None, "their data differ")


def test_different_data_and_unfinished_runs_are_noted(tmp_path: Path) -> None:
    lost = store_run(tmp_path, "b", data="other")
    lost.folder.summary.unlink()
    notes = compared(store_run(tmp_path, "a"), RunRecord(lost.folder)).notes
    assert notes[0].startswith(f"b: {lost.id} is lost after 3 epochs")
    assert notes[1].startswith("The data differ")


def test_an_unknown_metric_is_an_error_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"No run has the metric 'acuracy'\. Available: loss, accuracy"):
        compare_runs([store_run(tmp_path, "a"), store_run(tmp_path, "b")], "acuracy")


def test_altered_files_make_no_claim(tmp_path: Path) -> None:
    """Predictions and metrics of a better run, put into a worse one: its results are left out, and it is named."""
    a, better = store_run(tmp_path, "a", right=WORSE), store_run(tmp_path, "b", right=BETTER, epochs=4)
    for name, result in (("predictions.npz", None), ("metrics.jsonl", "last"), ("summary.json", "test")):
        bad = store_run(tmp_path, name[:3], right=WORSE)
        text = (better.path / name).read_bytes()
        (bad.path / name).write_bytes(text.replace(b'"accuracy": 0.9', b'"accuracy": 1.0'))
        found = compared(a, RunRecord(bad.folder))
        assert any(f"{name} was altered since training" in note for note in found.notes)
        assert found.verdicts[0].better is None
        for each in found.results:
            if result is not None and each.name.startswith(result):
                assert each.spreads[1].values == (), each


def test_damaged_predictions_are_damaged_and_not_missing(tmp_path: Path) -> None:
    a, b = store_run(tmp_path, "a", right=BETTER), store_run(tmp_path, "b")
    b.folder.predictions.write_bytes(b"PK\x03\x04 no archive")
    append_json_line(b.folder.metrics, "no row")
    assert "b has damaged predictions (predictions.npz" in str(compared(a, RunRecord(b.folder)).verdicts[0])


def test_pickles_in_predictions_are_never_loaded(tmp_path: Path) -> None:
    a, b = store_run(tmp_path, "a", right=BETTER), store_run(tmp_path, "b")
    evil = np.array([{"any": "object"}] * 400, dtype=object)
    np.savez(b.folder.predictions, test_predictions=evil, test_labels=np.arange(400) % 3)
    assert "b has damaged predictions (predictions.npz" in str(compared(a, b).verdicts[0])


def test_folds_of_one_spec_are_a_group_and_paired_by_fold(tmp_path: Path) -> None:
    """In whatever order they are given; the validation examples of the pairs are the same."""
    a = [store_run(tmp_path, "a", accuracy=0.80 + n / 100, fold=(n, 3)) for n in range(3)]
    b = [store_run(tmp_path, "b", accuracy=0.85 + n / 50, fold=(n, 3), **SELU) for n in range(3)]
    comparison = compared(*a, *reversed(b))
    assert [len(group.runs) for group in comparison.groups] == [3, 3]
    (verdict,) = comparison.verdicts
    assert verdict.test == "Student's test, paired by fold, with the correction of Nadeau and Bengio"
    assert verdict.sample == "3 folds"
    assert verdict.estimate.difference == pytest.approx(0.06)


def recipes(directory: Path, values: list[list[float]]) -> list[RunRecord]:
    """Several seeds of each of several recipes."""
    return [
        run
        for number, each in enumerate(values)
        for run in seeds(directory, f"r{number}", each, optimizer={"kind": "sgd", "learning_rate": number + 1})
    ]


def test_of_many_groups_each_is_compared_with_the_first_and_with_the_best(tmp_path: Path) -> None:
    """The best is known only from the results, so its tests are corrected for all 21 pairs."""
    draw = np.random.default_rng(0)
    values = [(0.7 + 0.01 * k + 0.01 * draw.random(3)).tolist() for k in (0, 1, 8, 3, 2, 5, 4)]
    comparison = compared(*recipes(tmp_path, values))
    pairs = [(verdict.a, verdict.b) for verdict in comparison.verdicts]
    assert pairs == [*(("a", other) for other in "bcdefg"), ("b", "c"), *(("c", other) for other in "defg")]
    raw = sorted(stats.ttest_rel(values["abcdefg".index(b)], values["abcdefg".index(a)]).pvalue for a, b in pairs)
    expected = np.maximum.accumulate([min(1, (21 - rank) * p) for rank, p in enumerate(raw)])
    assert sorted(each.estimate.p for each in comparison.verdicts if each.estimate) == pytest.approx(list(expected))
    assert "after Holm's correction for 21 tests" in str(comparison.verdicts[0])
    assert comparison.best.startswith("c has the best test accuracy: ")


def test_the_best_of_several_is_named_with_what_it_beats(tmp_path: Path) -> None:
    low, same, high = [0.70, 0.72, 0.71, 0.70], [0.90, 0.94, 0.91, 0.93], [0.91, 0.92, 0.93, 0.93]
    comparison = compared(*recipes(tmp_path, [low, high, same]))
    assert comparison.best == (
        "b has the best test accuracy: significantly better than a; not significantly different from c"
    )
    assert compared(*recipes(tmp_path, [low, high])).best == ""


def test_groups_on_different_data_have_no_best(tmp_path: Path) -> None:
    runs = [store_run(tmp_path, name, accuracy=0.8, data=name, optimizer=name) for name in "abc"]
    assert compared(*runs).best == ""


def test_groups_can_be_labeled_by_name(tmp_path: Path) -> None:
    """If two groups have the same name, by their seeds, or else by their ids."""
    one, two = store_run(tmp_path, "a", seed=1), store_run(tmp_path, "b", seed=2, optimizer="adam")
    assert [group.label for group in group_runs([one, two], by_name=True)] == ["a", "b"]
    three = store_run(tmp_path, "a", seed=3, optimizer="nadam")
    assert [group.label for group in group_runs([one, three], by_name=True)] == ["a (seed 1)", "a (seed 3)"]
    four = store_run(tmp_path, "a", seed=1, optimizer="adamw")
    found = [group.label for group in group_runs([one, four, two], by_name=True)]
    times = [one.id[:15], four.id[:15]]
    names = [one.id, four.id] if times[0] == times[1] else times
    assert found == [*(f"a ({name})" for name in names), "b"]

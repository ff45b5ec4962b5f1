"""A data set in words."""

from __future__ import annotations

from dataclasses import replace

from dnnctl.events.data_wording import detail_lines, measured_baseline, size_line, target_lines
from dnnctl.store.column_summary import ColumnSummary
from dnnctl.store.data_facts import ClassFacts, DataDescription
from dnnctl.store.facts import Summary

DATA = DataDescription(
    n_train=80, n_validation=20, n_test=0, input_shape=(3,), input_type="float32", task="classes", n_outputs=2,
    classes=(ClassFacts("no", 60, 15, 0), ClassFacts("yes", 20, 5, 0)),
    columns=(ColumnSummary("age", "number", "standardized", 2, 40, 1.0, 80.0, "33"),),
    baseline={"validation": {"accuracy": 0.75}},
)  # fmt: skip


def test_a_split_that_is_missing_is_left_out() -> None:
    assert size_line(DATA) == "data: 80 training, 20 validation examples of 3, 2 classes"


def test_columns_classes_and_baseline_are_aligned_tables() -> None:
    assert detail_lines(DATA) == [
        "  column  type    missing  distinct  values   use",
        "  age     number        2        40  1 to 80  standardized",
        "  class        train   validation",
        "  no     60 (75.0 %)  15 (75.0 %)",
        "  yes    20 (25.0 %)   5 (25.0 %)",
        "  baseline, always the most frequent class: validation accuracy 0.7500",
    ]


def test_nothing_is_counted_in_a_column_that_was_not_read() -> None:
    data = DataDescription(
        80, 0, 0, (3,), "float32", "numbers", 1, columns=(ColumnSummary("name", "", "excluded"), DATA.columns[0])
    )
    assert detail_lines(data)[:2] == [
        "  column  type    missing  distinct  values   use",
        "  name                                        excluded",
    ]


def test_many_classes_are_counted() -> None:
    many = tuple(ClassFacts(str(number), 1, 0, 0) for number in range(23))
    data = DataDescription(23, 0, 0, (2,), "uint8", "classes", 23, classes=many)
    assert detail_lines(data)[-1] == "  … and 3 more"
    assert len(detail_lines(data)) == 22


def test_the_baseline_of_a_run_has_the_metrics_that_the_run_has() -> None:
    """On test data if there are any."""
    baseline = {"validation": {"mae": 1.0}, "test": {"mae": 2.0, "mse": 5.0}}
    summary = Summary(epochs=1, monitor="loss", test={"loss": 0.1, "mae": 0.3}, baseline=baseline)
    assert measured_baseline(summary) == ("test", {"mae": 2.0})
    assert measured_baseline(Summary(epochs=1, monitor="loss", baseline={"validation": {"mae": 1.0}})) == (
        "validation",
        {"mae": 1.0},
    )
    assert measured_baseline(Summary(epochs=1, monitor="loss")) is None


def test_the_metrics_of_each_target_are_those_of_the_test_split() -> None:
    each = {"width": {"mae": 0.5, "rmse": 1.0, "r2": None}}
    summary = Summary(epochs=1, monitor="loss", test={"loss": 0.1}, targets={"validation": {}, "test": each})
    assert target_lines(summary) == [
        "  test, by target     mae    rmse  r2",
        "  width            0.5000  1.0000   —",
    ]
    assert target_lines(Summary(epochs=1, monitor="loss", targets={"test": each})) == []


def test_a_table_of_columns_fits_the_terminal_and_every_name_is_another() -> None:
    """Long names that differ in their middle: other columns are left out before two names look the same."""
    width = 80
    names = [f"measurement_number_{number}_in_millimetres" for number in range(3)]
    use = "standardized, with an indicator"
    columns = tuple(ColumnSummary(name, "number", use, 2, 40, -30674.4, 24059.3, "33") for name in names)
    data = replace(DATA, columns=columns, classes=(), baseline={})
    lines = detail_lines(data, width)
    assert max(map(len, lines)) <= width
    shown = [line.split()[0] for line in lines if line[2] != " "]
    assert len(set(shown)) == 1 + len(names)
    assert " ".join(lines).count("indicator") == len(names)
    assert max(map(len, detail_lines(data))) > width
    assert detail_lines(DATA, width) == detail_lines(DATA)

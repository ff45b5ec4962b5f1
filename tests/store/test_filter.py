"""`--filter` chooses what it says, and can do nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.errors import UserError
from dnnctl.store.blueprint import Blueprint
from dnnctl.store.columns import value_of
from dnnctl.store.files import write_json
from dnnctl.store.filter import parse_filter
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter

SUMMARY = {"stopped_early": False, "epochs": 9, "monitor": "val_loss", "seconds": 3.0}


@pytest.fixture
def runs(tmp_path: Path) -> list[RunRecord]:
    """Three finished runs: adam with 0.8, nadam with 0.9, sgd with 0.95."""
    found = []
    for optimizer, accuracy in (("adam", 0.8), ({"kind": "nadam"}, 0.9), ({"kind": "sgd", "momentum": 0.9}, 0.95)):
        plain = {"optimizer": optimizer, "model": {"layers": ["flatten", {"kind": "dense", "units": 9}]}}
        with RunWriter.create(tmp_path, Blueprint(f"net{len(found)}", "beef", "", "", plain=plain)) as writer:
            run = writer.read()
        best = {"epoch": 4, "val_accuracy": accuracy, "val_loss": 1 - accuracy}
        write_json(run.folder.summary, {**SUMMARY, "best": best, "best_epoch": 4, "test": {"accuracy": accuracy - 0.1}})
        found.append(RunRecord(run.folder))
    return found


@pytest.mark.parametrize(
    ("condition", "chosen"),
    [
        ("val_accuracy > 0.85", [1, 2]),
        ("val_accuracy > 0.85 and optimizer.kind == nadam", [1]),
        ("optimizer == adam or optimizer == sgd", [0, 2]),
        ("optimizer in (adam, nadam)", [0, 1]),
        ("optimizer in (nadam)", [1]),
        ("optimizer not in (nadam)", [0, 2]),
        ("optimizer.momentum >= 0.9", [2]),
        ("not test_accuracy < 0.8", [1, 2]),
        ("status == 'finished' and epochs == 9", [0, 1, 2]),
        ("model.layers[1].units == 9", [0, 1, 2]),
        ("val_accuracy == nadam", []),
        ("optimizer.momentum != 0.5", [2]),
        ("val_loss > -1", [0, 1, 2]),
        ("epochs != '\\d'", [0, 1, 2]),
        ("epochs < " + "9" * 900, [0, 1, 2]),
        ("epochs == 9 and " * 60 + "val_accuracy > 0.85", [1, 2]),
    ],
)
def test_a_condition_chooses_the_runs_it_holds_for(condition: str, chosen: list[int], runs: list[RunRecord]) -> None:
    assert parse_filter(condition).choose(runs) == [runs[index] for index in chosen]


@pytest.mark.parametrize(
    "condition",
    [
        "__import__('os').system('true') == 0",
        "val_accuracy",
        "val_accuracy > x()",
        "val_accuracy > 1 > 0",
        "(lambda: 1)() == 1",
        "val_accuracy >",
        "val_accuracy > 'abc'",
        "created > 20261123",
        "optimizer == lecun-normal",
        "",
        "a == 1 and " * 200 + "a == 1",
        "(" * 300 + "a" + ")" * 300 + " == 1",
        "epochs == " + "-" * 900 + "1",
        "-" * 990,
        "not " * 240 + "a == 1",
        "a" + ".b" * 400 + " == 1",
        "a" + "[0]" * 300 + " == 1",
        "a == " + "+" * 900 + "1",
        "f(" * 90 + "a == 1" + ")" * 90,
        "[" * 90 + "a" + "]" * 90,
        "a == 1\n" * 100,
        "a ==\n" + "\n" * 900 + "x()",
        "\0",
        "a\udcff == 1",
        "epochs == 1e999 - 1",
        "epochs == 1j",
        "epochs == b'x'",
        "epochs == f'{epochs}'",
        "epochs == None",
        "(epochs := 1) == 1",
        "lambda: " * 100 + "1",
    ],
    ids=lambda condition: ascii(condition)[:30],
)
def test_what_is_no_condition_is_an_error_of_the_user(condition: str, runs: list[RunRecord]) -> None:
    with pytest.raises(UserError, match=r"--filter|No run has the column") as caught:
        parse_filter(condition).choose(runs)
    assert len(str(caught.value).splitlines()) == 1
    str(caught.value).encode()


def test_a_misspelt_name_is_an_error_with_candidates(runs: list[RunRecord]) -> None:
    with pytest.raises(UserError, match=r"No run has the column 'val_acuracy'\. Did you mean val_accuracy"):
        parse_filter("val_acuracy > 0.8").choose(runs)


def test_a_bare_word_is_a_kind(runs: list[RunRecord]) -> None:
    assert [value_of(run, "optimizer") for run in runs] == ["adam", "nadam", "sgd"]
    assert [value_of(run, "optimizer.kind") for run in runs] == ["adam", "nadam", "sgd"]


@pytest.mark.parametrize("index", ["1" * 5000, "٣", "²", "-1", "2"])
def test_an_index_that_a_list_does_not_have_has_no_value(index: str, runs: list[RunRecord]) -> None:
    assert value_of(runs[0], f"model.layers[{index}]") is None
    assert value_of(runs[0], f"model.layers.{index}.units") is None
    assert value_of(runs[0], "model.layers.1.units") == 9


def test_a_deeply_nested_condition_is_refused() -> None:
    parse_filter("not " * 40 + "epochs > 1")
    with pytest.raises(UserError, match="nested too deeply"):
        parse_filter("not " * 60 + "epochs > 1")


def test_an_equals_sign_in_place_of_two_gets_a_hint() -> None:
    with pytest.raises(UserError, match="Use `==` to compare"):
        parse_filter("val_accuracy = 0.9")
    for wrong in ("val_accuracy == ", "val_accuracy >= "):
        with pytest.raises(UserError) as refusal:
            parse_filter(wrong)
        assert "Use `==`" not in str(refusal.value)

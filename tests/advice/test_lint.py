"""Advice has a place, an order, and comments that switch it off."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.advice.lint import lint
from dnnctl.errors import SpecError
from dnnctl.specs import load

BAD = """name: bad
data: {source: fashion_mnist_sample, validation: {size: 500}, scaling: none}
model:
  defaults:
    activation: selu
    initializer: he_normal  # comment
  layers: [flatten, {kind: dense, units: 50}]
  output: {units: 9}
optimizer: {kind: adam}
"""


def found(text: str, folder: Path) -> list[tuple[str, int]]:
    path = folder / "bad.yaml"
    path.write_text(text)
    return [(each.rule.id, each.place.line) for each in lint(load(path))]


def test_advice_is_ordered_by_severity_and_place(tmp_path: Path) -> None:
    assert found(BAD, tmp_path) == [("output-units", 8), ("selu-inputs", 2), ("selu-initializer", 6)]


def test_a_comment_ignores_a_rule_on_its_line(tmp_path: Path) -> None:
    """Only that rule, and only there; several are separated by commas."""
    ignoring = BAD.replace("# comment", "# dnnctl: ignore=selu-initializer, selu-inputs")
    assert found(ignoring, tmp_path) == [("output-units", 8), ("selu-inputs", 2)]


def test_a_comment_on_a_line_of_its_own_ignores_a_rule_in_the_whole_file(tmp_path: Path) -> None:
    assert found("# dnnctl: ignore=selu-inputs\n" + BAD, tmp_path) == [("output-units", 9), ("selu-initializer", 7)]


def test_a_comment_in_a_base_ignores_a_rule_there(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BAD.replace("# comment", "# dnnctl: ignore=selu-initializer"))
    assert ("selu-initializer", 6) not in found("extends: base.yaml\n", tmp_path)


def test_a_comment_that_ignores_an_unknown_rule_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no rule 'selu-imputs'") as refusal:
        found(BAD + "# dnnctl: ignore=selu-imputs\n", tmp_path)
    assert refusal.value.faults[0].place is not None
    assert refusal.value.faults[0].place.line == 10
    assert "`selu-inputs`" in str(refusal.value)


def test_one_value_that_many_layers_inherit_is_reported_once(tmp_path: Path) -> None:
    many = BAD.replace("{kind: dense, units: 50}", ", ".join(["{kind: dense, units: 50}"] * 4))
    assert [rule for rule, _ in found(many, tmp_path)].count("selu-initializer") == 1

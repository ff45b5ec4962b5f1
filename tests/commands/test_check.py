"""Advice can be followed by `check --fix`, for any spec."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.commands.check import check
from dnnctl.specs import load, to_plain
from dnnctl.specs.reading.load import to_yaml
from random_specs import Chance, write_data

BAD = """# why
name: bad
data: {source: fashion_mnist_sample, validation: {size: 500}}  # no scaling
model:
  defaults:
    activation: selu  # self-normalizing
    initializer: he_normal
  layers:
    - flatten
    - {kind: dense, units: 50, dropout: {kind: dropout, rate: 0.2}}  # first
    - {kind: dense,   units: 20, activation: relu}
optimizer: adam
"""
GOOD = """# why
name: bad
data: {source: fashion_mnist_sample, validation: {size: 500}, scaling: standardize}  # no scaling
model:
  defaults:
    activation: selu  # self-normalizing
    initializer: he_normal
  layers:
    - flatten
    - {kind: dense, units: 50, dropout: {kind: alpha_dropout, rate: 0.2}, initializer: lecun_normal}  # first
    - {kind: dense,   units: 20, activation: relu}
optimizer: adam
"""


def test_fixes_leave_comments_and_layout_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(BAD)
    fixed = check(path, fix=True)
    assert path.read_text() == GOOD
    assert {each.rule.id for each in fixed.fixed} == {"selu-inputs", "selu-initializer", "selu-dropout"}
    assert not fixed.advice
    assert list(tmp_path.iterdir()) == [path]


def test_an_entry_of_a_list_in_a_base_is_not_fixed_in_the_file(tmp_path: Path) -> None:
    """It would replace the whole list. The advice is still there."""
    (tmp_path / "base.yaml").write_text(BAD)
    path = tmp_path / "x.yaml"
    path.write_text("extends: base.yaml\n")
    fixed = check(path, fix=True)
    assert {each.rule.id for each in fixed.fixed} == {"selu-inputs"}
    assert {each.rule.id for each in fixed.advice} == {"selu-initializer", "selu-dropout"}
    assert (tmp_path / "base.yaml").read_text() == BAD


@pytest.mark.parametrize("seed", range(12))
def test_fixing_twice_is_fixing_once(seed: int, tmp_path: Path) -> None:
    """For specs of all kinds: the fixed file is a valid spec, and none of its safe fixes are left."""
    write_data(tmp_path)
    for number, spec in zip(range(3), Chance(seed, tmp_path).specs(), strict=False):
        path = tmp_path / f"{number}.yaml"
        path.write_text(to_yaml(spec))
        once = check(path, fix=True)
        text = path.read_text()
        twice = check(path, fix=True)
        assert (twice.fixed, path.read_text(), twice.advice) == ((), text, once.advice)
        assert not once.faults
        assert not any(each.fix and each.fix.is_safe for each in once.advice)
        assert to_plain(load(path).spec)


def test_files_are_not_looked_for_offline(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("data: {source: {kind: npz, path: gone.npz}}\nmodel: {layers: [flatten]}\n")
    assert [fault.path for fault in check(path).faults] == ["data.source.path"]
    assert check(path, offline=True).faults == ()

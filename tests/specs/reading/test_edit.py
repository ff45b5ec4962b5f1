"""Changing one number in a file leaves all other characters as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.errors import SpecError
from dnnctl.specs import load_spec
from dnnctl.specs.reading.edit import set_in_file

HEAD = """# a spec
name: x  # its name
data: {source: fashion_mnist_sample}
model: {layers: [flatten]}
"""


CASES = {
    "in a flow": (
        "optimizer: {kind: sgd, learning_rate: 1e-3}  # why",
        "optimizer: {kind: sgd, learning_rate: 0.25}  # why",
    ),
    "a bare word": ("optimizer: sgd # why\nseed: 3", "optimizer: {kind: sgd, learning_rate: 0.25} # why\nseed: 3"),
    "into a flow": (
        "optimizer: {kind: sgd, clip: {kind: norm}}  # why",
        "optimizer: {kind: sgd, clip: {kind: norm}, learning_rate: 0.25}  # why",
    ),
    "into a block": (
        "optimizer:\n   # first\n   kind: sgd # k\n   momentum: 0.5",
        "optimizer:\n   # first\n   kind: sgd # k\n   momentum: 0.5\n   learning_rate: 0.25",
    ),
    "in a block": (
        "optimizer:\n  kind: sgd\n  learning_rate: 0.1  # old",
        "optimizer:\n  kind: sgd\n  learning_rate: 0.25  # old",
    ),
    "not in the file": ("seed: 3", "seed: 3\n\noptimizer: {kind: sgd, learning_rate: 0.25}"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_number_is_set_in_place(case: str, tmp_path: Path) -> None:
    before, after = CASES[case]
    path = tmp_path / "x.yaml"
    path.write_text(HEAD + before + "\n")
    set_in_file(path, [(("optimizer", "learning_rate"), 0.25)])
    assert path.read_text() == HEAD + after + "\n"
    assert load_spec(path).optimizer.learning_rate == 0.25
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_edited_stays_unchanged(tmp_path: Path) -> None:
    """A comment before the closing brace would swallow the number."""
    path = tmp_path / "x.yaml"
    text = HEAD + "optimizer: {kind: sgd,\n  momentum: 0.5 # a } b\n  }\n"
    path.write_text(text)
    with pytest.raises(SpecError, match="Edit it by hand"):
        set_in_file(path, [(("optimizer", "learning_rate"), 0.25)])
    assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_number_of_a_base_is_set_in_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(HEAD + "optimizer: {kind: adam, learning_rate: 0.1}\n")
    path = tmp_path / "x.yaml"
    path.write_text("extends: base.yaml\n")
    set_in_file(path, [(("optimizer", "learning_rate"), 0.25)])
    assert load_spec(path).optimizer.learning_rate == 0.25
    assert load_spec(path).optimizer.kind == "adam"
    assert "0.1}" in (tmp_path / "base.yaml").read_text()


def test_a_link_in_place_of_the_temporary_file_is_not_followed(tmp_path: Path) -> None:
    path, target = tmp_path / "x.yaml", tmp_path / "profile"
    path.write_text(HEAD + "optimizer: {kind: adam, learning_rate: 0.1}\n")
    target.write_text("untouched")
    (tmp_path / ".x.changed.yaml").symlink_to(target)
    set_in_file(path, [(("optimizer", "learning_rate"), 0.25)])
    assert (load_spec(path).optimizer.learning_rate, target.read_text()) == (0.25, "untouched")
    assert not path.is_symlink()

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dnnctl.errors import Fault, SpecError
from dnnctl.specs.reading.document import Node
from dnnctl.specs.reading.extends import MAX_BASES, merge, read_with_bases
from dnnctl.specs.reading.yaml_reader import read_text


def read(path: Path) -> tuple[Node, list[Fault]]:
    return read_with_bases(path, path.read_text())


def merged(base: str, over: str) -> Any:
    return merge(read_text(base, "base")[0], read_text(over, "over")[0]).plain()


@pytest.mark.parametrize(
    ("base", "over", "result"),
    [
        ("{a: 1, b: {c: 2, d: 3}}", "{b: {c: 4}}", {"a": 1, "b": {"c": 4, "d": 3}}),
        ("{a: [1, 2]}", "{a: [3]}", {"a": [3]}),
        ("{o: {kind: adam, beta_1: 0.8}}", "{o: {kind: sgd}}", {"o": {"kind": "sgd"}}),
        ("{o: {kind: adam, beta_1: 0.8}}", "{o: sgd}", {"o": "sgd"}),
        ("{o: {kind: adam, beta_1: 0.8}}", "{o: adam}", {"o": {"kind": "adam", "beta_1": 0.8}}),
        ("{o: {kind: adam, beta_1: 0.8}}", "{o: {beta_2: 0.9}}", {"o": {"kind": "adam", "beta_1": 0.8, "beta_2": 0.9}}),
        ("{o: adam}", "{o: {beta_1: 0.8}}", {"o": {"kind": "adam", "beta_1": 0.8}}),
        ("{v: {size: 5}}", "{v: none}", {"v": "none"}),
        ("{v: none}", "{v: {size: 5}}", {"v": {"size": 5}}),
        ("{}", "{optimizer: {momentum: 0.9}}", {"optimizer": {"kind": "sgd", "momentum": 0.9}}),
        ("{}", "{optimizer: {kind: adam}}", {"optimizer": {"kind": "adam"}}),
        (
            "{model: {output: auto}}",
            "{model: {output: {units: 3, activation: {kind: elu}}}}",
            {"model": {"output": {"units": 3, "activation": {"kind": "elu"}}}},
        ),
        (
            "{training: {epochs: 3}}",
            "{training: {early_stopping: {patience: 2}}}",
            {"training": {"epochs": 3, "early_stopping": {"patience": 2}}},
        ),
    ],
)
def test_mappings_merge_and_everything_else_is_replaced(base: str, over: str, result: Any) -> None:
    assert merged(base, over) == result


def test_the_path_of_a_base_is_relative_to_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.yaml").write_text("seed: 1\nname: a\n")
    (tmp_path / "sub" / "b.yaml").write_text("extends: ../a.yaml\nname: b\n")
    (tmp_path / "c.yaml").write_text("extends: sub/b.yaml\ndescription: c\n")
    document, _ = read(tmp_path / "c.yaml")
    assert document.plain() == {"seed": 1, "name": "b", "description": "c"}
    assert document.nearest(("seed",)).place.file.endswith("a.yaml")


def test_a_description_is_not_inherited(tmp_path: Path) -> None:
    """A spec that extends another one is another experiment."""
    (tmp_path / "a.yaml").write_text("seed: 1\ndescription: a\n")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\n")
    (tmp_path / "c.yaml").write_text("extends: b.yaml\ndescription: c\n")
    assert read(tmp_path / "b.yaml")[0].plain() == {"seed": 1}
    assert read(tmp_path / "c.yaml")[0].plain() == {"seed": 1, "description": "c"}


def test_a_cycle_is_refused(tmp_path: Path) -> None:
    for name, base in [("a", "b"), ("b", "c"), ("c", "a")]:
        (tmp_path / f"{name}.yaml").write_text(f"extends: {base}.yaml\n")
    with pytest.raises(SpecError, match=r"a\.yaml → b\.yaml → c\.yaml → a\.yaml"):
        read(tmp_path / "a.yaml")


def write_chain(folder: Path, n_bases: int) -> Path:
    """A spec that extends another one, and so on, `n_bases` times."""
    for number in range(n_bases):
        (folder / f"{number}.yaml").write_text(f"extends: {number + 1}.yaml\nname: n{number}\n")
    (folder / f"{n_bases}.yaml").write_text("name: last\nseed: 3\n")
    return folder / "0.yaml"


def test_a_long_chain_is_refused(tmp_path: Path) -> None:
    assert read(write_chain(tmp_path, MAX_BASES))[0].plain() == {"name": "n0", "seed": 3}
    with pytest.raises(SpecError, match=f"more than {MAX_BASES} specs extend each other"):
        read(write_chain(tmp_path, 2000))


@pytest.mark.parametrize(
    "base", ["missing.yaml", ".", "[x]", "5", "/dev/null", '"a\\0b"', "x" * 300, "~nosuchuser/a.yaml", "x/" * 3000]
)
def test_a_base_that_is_not_a_spec_is_refused(tmp_path: Path, base: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"name: a\nextends: {base}\n")
    try:
        _, faults = read(path)
    except SpecError as error:
        faults = list(error.faults)
    assert [fault.place.line for fault in faults if fault.place] == [2]


SECRET = "hunter2"


@pytest.mark.parametrize(
    "content",
    [
        f"root:{SECRET}:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/bin/sh\n",
        SECRET,
        f"'{SECRET}",
        f"key: {SECRET}\n  other: [{SECRET}\n",
        f"- {SECRET}\n",
        f"- {SECRET}\n}}{SECRET}",
        f"a: *{SECRET}\n",
        f"%{SECRET}\n",
        f"\t{SECRET}: 1",
        f"-----BEGIN KEY-----\n{SECRET}==\n",
        f"!{SECRET} {SECRET}",
        "5318008",
    ],
)
def test_nothing_of_a_file_that_is_not_a_spec_is_quoted(tmp_path: Path, content: str) -> None:
    """A spec from somebody else may extend any file of the user; errors end in logs that others can read."""
    (tmp_path / "secret").write_text(content)
    (tmp_path / "a.yaml").write_text("name: a\nextends: secret\n")
    with pytest.raises(SpecError) as caught:
        read(tmp_path / "a.yaml")
    assert str(tmp_path / "secret") in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "5318008" not in str(caught.value)


@pytest.mark.parametrize("content", [f"root:{SECRET}:0:0\n", SECRET, f"[{SECRET}]"])
def test_nothing_of_a_file_without_a_mapping_is_quoted(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(SpecError, match="must be a mapping of keys to values") as caught:
        read(tmp_path / "a.yaml")
    assert SECRET not in str(caught.value)


def test_the_text_of_a_spec_is_quoted_where_it_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: a\nseed: ]\n")
    with pytest.raises(SpecError, match=r"2 \| seed: \]"):
        read(tmp_path / "a.yaml")

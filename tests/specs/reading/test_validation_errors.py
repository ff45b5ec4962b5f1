"""Wrong specs of every kind: each is refused at the right line, with a short message and a fix if there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.errors import SpecError
from dnnctl.specs import load
from dnnctl.specs.reading.validation_errors import MAPPINGS

FINE = """name: a
seed: 1
data:
  source: mnist
  validation: {size: 10}
model:
  defaults: {activation: relu}
  layers:
    - flatten
    - {kind: dense, units: 5}
    - {kind: residual, layers: [{kind: dense, units: 5}]}
optimizer: {kind: sgd, momentum: 0.9}
schedule: {kind: piecewise, boundaries: [2], values: [0.1, 0.01]}
training: {epochs: 3, early_stopping: {patience: 2}}
runtime: {device: cpu}
"""

WRONG = {
    # what is wrong: (text to replace, replacement, line, what the message says)
    "typo at the top": ("training:", "trainig:", 14, "Did you mean `training`"),
    "typo in a section": ("patience: 2", "patiense: 2", 14, "Did you mean `patience`"),
    "typo in defaults": ("{activation: relu}", "{activaton: relu}", 7, "Did you mean `activation`"),
    "typo in a layer": ("units: 5}\n    - {kind: res", "unit: 5}\n    - {kind: res", 10, "Did you mean `units`"),
    "typo in a nested layer": ("[{kind: dense, units: 5}]", "[{kind: dense, units: 5, repat: 2}]", 11, "`repeat`"),
    "typo in a kind": ("kind: sgd", "kind: sdg", 12, "Did you mean `sgd`"),
    "typo in a bare word": ("source: mnist", "source: mnits", 4, "Did you mean `mnist`"),
    "typo in a layer's word": ("- flatten", "- flaten", 9, "Did you mean `flatten`"),
    "typo in a literal": ("device: cpu", "device: cpuu", 15, "Did you mean `cpu`"),
    "an unknown key like no other": ("seed: 1", "zzzz: 1", 2, "Allowed: name, description"),
    "a number as text": ("momentum: 0.9", 'momentum: "1e-3"', 12, "without quotes"),
    "a float for a count": ("epochs: 3", "epochs: 3.5", 14, "must be a whole number"),
    "1e3 for a count": ("epochs: 3", "epochs: 1e3", 14, "Write 1000."),
    "true for a count": ("epochs: 3", "epochs: true", 14, "must be a whole number"),
    "true for a number": ("momentum: 0.9", "momentum: true", 12, "must be a number"),
    "yes for a switch": ("momentum: 0.9", "nesterov: yes", 12, "must be true or false"),
    "zero epochs": ("epochs: 3", "epochs: 0", 14, "greater than 0"),
    "a negative seed": ("seed: 1", "seed: -1", 2, "at least 0"),
    "a seed too large": ("seed: 1", "seed: 4294967296", 2, "less than"),
    "momentum of 1": ("momentum: 0.9", "momentum: 1.0", 12, "less than 1"),
    "infinite rate": ("momentum: 0.9", "learning_rate: .inf", 12, "finite"),
    "a rate that is not a number": ("momentum: 0.9", "learning_rate: .nan", 12, "finite"),
    "a list for a mapping": ("training: {epochs: 3, early_stopping: {patience: 2}}", "training: [3]", 14, "mapping"),
    "a mapping for a list": ("boundaries: [2]", "boundaries: {a: 5}", 13, "must be a list"),
    "a list for a choice": (
        "optimizer: {kind: sgd, momentum: 0.9}",
        "optimizer: [sgd]",
        12,
        "must be a word or a mapping",
    ),
    "a number for a layer": ("- flatten", "- 5", 9, "must be a word or a mapping"),
    "a choice without kind": ("{kind: sgd, momentum: 0.9}", "{momentum: 0.9}", 12, "'kind' is missing"),
    "a missing key": (
        "{kind: dense, units: 5}\n    - {kind: res",
        "{kind: dense}\n    - {kind: res",
        10,
        "'units' is missing",
    ),
    "a word whose kind has required keys": ("- flatten", "- dense", 9, "'units' is missing"),
    "a key of another kind": ("kind: sgd, momentum", "kind: adam, momentum", 12, "unknown key 'momentum'"),
    "no layers": (
        FINE[FINE.index("layers:") : FINE.index("\noptimizer")],
        "layers: []",
        8,
        "at least 1 entry. Received: an empty list.",
    ),
    "too many values": ("values: [0.1, 0.01]", "values: [0.1, 0.01, 1]", 13, "one more entry"),
    "boundaries in descending order": (
        "boundaries: [2], values: [0.1, 0.01]",
        "boundaries: [5, 4], values: [1, 2, 3]",
        13,
        "ascending order",
    ),
    "a type that a column cannot have": (
        "source: mnist",
        "source: {kind: csv, path: a.csv, target: y, features: {types: {zip: categorie}}}",
        4,
        "Did you mean `category`",
    ),
    "an imputation that does not exist": (
        "source: mnist",
        "source: {kind: csv, path: a.csv, target: y, missing: {numbers: medium}}",
        4,
        "Did you mean `median`",
    ),
    "a delimiter of two characters": (
        "source: mnist",
        "source: {kind: csv, path: a.csv, target: y, delimiter: ', '}",
        4,
        "one character",
    ),
    "the word of pandas for a delimiter": (
        "source: mnist",
        "source: {kind: csv, path: a.csv, target: y, sep: ','}",
        4,
        "Did you mean `delimiter`",
    ),
    "an empty value": ("seed: 1", "seed:", 2, "no value"),
    "a repeated key": ("seed: 1", "name: b", 2, "duplicate key"),
    "a validation fraction above one": ("size: 10", "size: 1.5", 5, "fraction between 0 and 1"),
    "none for a key that is not optional": ("device: cpu", "device: none", 15, "Allowed: auto, cpu, gpu"),
    "a name with a slash": ("name: a", "name: a/b", 1, "letters, digits"),
    "the name of the newest run": ("name: a", "name: last", 1, "newest run"),
    "metrics without a list": ("seed: 1", "metrics: accuracy", 2, "Write `metrics: [accuracy]`."),
    "an empty name": ("name: a", "name: ''", 1, "letters, digits"),
    "a tag": ("seed: 1", "seed: !!python/name:os.system 1", 2, "tags are not allowed"),
    "a tab": ("  source", "\tsource", 4, "not YAML"),
    "an unclosed bracket": ("values: [0.1, 0.01]}", "values: [0.1, 0.01", 14, "not YAML"),
    "early stopping as a switch": ("early_stopping: {patience: 2}", "early_stopping: true", 14, "a mapping or `none`"),
    "a missing base": ("seed: 1", "extends: nowhere.yaml", 2, "no such file"),
    "a monitor that is not measured": ("patience: 2", "monitor: val_acuracy", 14, "Allowed: val_loss"),
}


def refuse(path: Path) -> SpecError:
    with pytest.raises(SpecError) as caught:
        load(path)
    assert len(str(caught.value).splitlines()) <= 20
    return caught.value


def test_the_spec_of_these_tests_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(FINE)
    load(path)


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_spec_is_refused_at_its_line(wrong: str, tmp_path: Path) -> None:
    old, new, line, message = WRONG[wrong]
    assert FINE.count(old) == 1
    path = tmp_path / "a.yaml"
    path.write_text(FINE.replace(old, new))
    error = refuse(path)
    assert message in str(error)
    places = [fault.place for fault in error.faults]
    assert line in [place.line for place in places if place]
    assert str(path) in str(error)


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    text = FINE.replace("seed: 1", "sed: 1").replace("epochs: 3", "epochs: 0").replace("- flatten", "- flaten")
    path.write_text(text)
    assert [fault.path for fault in refuse(path).faults] == ["sed", "model.layers.0", "training.epochs"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a spec must be a mapping"),
        (b"# nothing\n", "a spec must be a mapping"),
        (b"- 1\n- 2\n", "a list of 2"),
        (b"hello", "a single value"),
        (b"name: \xff\xfe\n", "not UTF-8"),
        ("name: é".encode("utf-16"), "not UTF-8"),
        (b"\x00\x01\x02", "not YAML"),
        (b"x: &x " + b"[" * 30 + b"]" * 30 + b"\n", "unknown key"),
        (b"a: 1\n" * 50, "duplicate key"),
        (b"k%d: 1\n" * 1, "unknown key"),
        (b"#" * (10 << 20), "larger than 1 MiB"),
    ],
    ids=[
        "empty",
        "a comment",
        "a list",
        "a word",
        "not UTF-8",
        "UTF-16",
        "binary",
        "brackets",
        "50 times",
        "odd",
        "10 MB",
    ],
)
def test_files_that_are_not_specs_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    assert message in str(refuse(path))


def test_a_directory_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "near.yaml").write_text(FINE)
    assert "near.yaml" in str(refuse(tmp_path))
    assert "near.yaml" in str(refuse(tmp_path / "nera.yaml"))


def test_a_ten_megabyte_alias_bomb_is_refused_quickly(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    lines = ["a0: &a0 " + "x" * 1000]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 60)]
    path.write_text("\n".join(lines))
    assert "with its aliases expanded" in str(refuse(path))


@pytest.mark.parametrize("key", MAPPINGS)
def test_a_number_in_place_of_a_mapping_gets_the_mapping(key: str, tmp_path: Path) -> None:
    """What the hint says can be written instead."""
    number = 2 if key in ("early_stopping", "training", "warmup") else 0.25
    before, after = {
        "validation": ("data: {source: fashion_mnist_sample, ", "}"),
        "optimizer": ("", ""),
        "test": ("data: {source: {kind: csv, path: a.csv, target: y, ", "}}"),
        "training": ("", ""),
        "clip": ("optimizer: {kind: sgd, ", "}"),
        "early_stopping": ("training: {", "}"),
        "warmup": ("schedule: {kind: cosine, ", "}"),
    }.get(key, ("defaults: {", "}"))
    source = "" if before.startswith("data") else "data: {source: fashion_mnist_sample, validation: {size: 9}}\n"
    is_default = before.startswith("defaults")
    path = tmp_path / "a.yaml"

    def written(value: object) -> str:
        entry = f"{before}{key}: {value}{after}"
        model = f"model: {{{entry if is_default else 'defaults: {}'}, layers: [flatten]}}"
        return f"{source}{model}\n{'' if is_default else entry}\n"

    path.write_text(written(number))
    fix = MAPPINGS[key].format(number)
    assert f"Write `{key}: {fix}`." in str(refuse(path))
    path.write_text(written(fix))
    load(path)

"""`dnnctl check`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from command_line import call
from dnnctl.data import source_faults
from sample_specs import write_spec

SELU = Path(__file__).parents[2] / "configs" / "selu.yaml"


def test_a_fine_spec_is_called_fine(tmp_path: Path) -> None:
    done = call("check", SELU, write_spec(tmp_path))
    assert done.exit_code == 0
    assert done.output.count(": valid") == 2


def test_check_prints_the_faults_of_every_spec(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("trainig: {}\n")
    done = call("check", SELU, bad, tmp_path / "missing.yaml")
    assert done.exit_code == 2
    assert f"{SELU}: valid" in done.stdout
    assert f"{bad}:1:1: trainig: unknown key 'trainig'." in done.stderr
    assert "Did you mean `training`?" in done.stderr
    assert "missing.yaml: no such file." in done.stderr
    assert "Traceback" not in done.output


def test_check_as_json_names_places(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("trainig: {}\n")
    first, second = json.loads(call("check", "--json", SELU, bad).stdout)
    assert first["is_fine"]
    found = [(fault["path"], fault["rule"], fault["place"]["line"]) for fault in second["faults"]]
    assert ("trainig", "unknown key 'trainig'", 1) in found


def test_check_takes_overrides() -> None:
    assert call("check", SELU, "--set", "training.epochs=3").exit_code == 0
    done = call("check", SELU, "--set", "training.epoch=3")
    assert done.exit_code == 2
    assert "--set training.epoch=3: training.epoch: unknown key 'epoch'." in done.stderr


def test_files_of_the_data_that_do_not_exist_are_faults(tmp_path: Path) -> None:
    """Each with its place; `fine.csv` exists."""
    (tmp_path / "fine.csv").write_text("a,b\n1.5,2.5\n2,1\n3,4\n7,0\n")
    spec = tmp_path / "table.yaml"
    source = "data:\n  source:\n    kind: csv\n    path: %s\n    target: b\n    test: {%s}\n"
    model = "model: {layers: [{kind: dense, units: 3}]}\n"
    spec.write_text(source % ("fine.csv", "size: 0.5") + model)
    assert call("check", spec).exit_code == 0
    spec.write_text(source % ("fine.csv", "path: gone.csv") + model)
    done = call("check", spec)
    assert done.exit_code == 2
    assert f"{spec}:6:18: data.source.test.path: no such file or folder: {tmp_path / 'gone.csv'}." in done.stderr
    spec.write_text(source % ("gone.csv", "size: 0.5") + model)
    assert f"{spec}:4:11: data.source.path: no such file" in call("check", spec).stderr


def test_what_the_columns_of_a_table_are_is_checked_without_tensorflow(tmp_path: Path) -> None:
    """The message has the line of the key, and what the columns are called."""
    (tmp_path / "t.csv").write_text("rooms,day,price\n1,1/2/2024,5.5\n3,1/3/2024,2\n2,1/4/2024,3\n9,1/5/2024,1\n")
    spec = tmp_path / "table.yaml"
    text = "data:\n  source:\n    kind: csv\n    path: t.csv\n    target: {}\n    features: {{exclude: [{}]}}\n"
    model = "model: {layers: [{kind: dense, units: 3}]}\n"
    spec.write_text(text.format("price", "day") + model)
    assert call("check", spec).exit_code == 0
    for target, excluded, more, message in (
        ("prise", "day", "", f"{spec}:5:13: data.source.target: there is no column 'prise'.*Did you mean `price`"),
        ("price", "dai", "", f"{spec}:6:25: data.source.features.exclude: there is no column 'dai'"),
        ("price", "rooms", "", r"'day' has dates such as '1/2/2024'.*date_day_first"),
        ("price", "day", "loss: hinge\n", f"{spec}:8:7: loss: hinge is for classes, but these targets are numbers"),
        ("price", "day", "metrics: [accuracy]\n", r"metrics.0: 'accuracy' cannot be used with target numbers"),
    ):
        spec.write_text(text.format(target, excluded) + model + more)
        done = call("check", spec)
        assert done.exit_code == 2
        assert re.search(message, done.stderr, re.DOTALL)


def test_of_a_large_table_only_the_names_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_faults, "LARGEST", 10)
    (tmp_path / "t.csv").write_text("a,b\n1,1\n2,1\n3,1\n")
    spec = tmp_path / "table.yaml"
    text = "data: {source: {kind: csv, path: t.csv, target: %s}}\nmodel: {layers: [{kind: dense, units: 3}]}\n"
    spec.write_text(text % "b")
    assert call("check", spec).exit_code == 0
    spec.write_text(text % "c")
    assert "there is no column 'c'" in call("check", spec).stderr


def bad_recipe(folder: Path) -> Path:
    """A valid spec with one warning that has a safe fix."""
    spec = folder / "bad.yaml"
    text = "data: {source: fashion_mnist_sample, validation: {size: 500}, scaling: unit}\n"
    spec.write_text(
        text + "model: {defaults: {activation: selu, initializer: lecun_normal}, layers: [flatten, " + DENSE
    )
    return spec


DENSE = "{kind: dense, units: 9}]}\n"


def test_advice_has_a_place_a_reason_and_a_fix(tmp_path: Path) -> None:
    """It does not change the exit code, except with --strict."""
    spec = bad_recipe(tmp_path)
    done = call("check", spec)
    assert done.exit_code == 0
    assert f"{spec}:1:72: data.scaling: warning: SELU needs inputs with mean 0" in done.stdout
    assert "Write `data.scaling: standardize`." in done.stdout
    assert f"{spec}: valid, with 1 warning (`--fix` fixes 1 of them)" in done.stdout
    assert call("check", "--strict", spec).exit_code == 2


def test_an_error_of_the_recipe_is_refused(tmp_path: Path) -> None:
    done = call("check", bad_recipe(tmp_path), "--set", "model.output={units: 1, activation: softmax}")
    assert done.exit_code == 2
    assert "not usable, with 2 errors" in done.stderr
    assert "one-unit-softmax" in done.stdout


def test_fix_changes_the_file_and_says_so(tmp_path: Path) -> None:
    spec = bad_recipe(tmp_path)
    done = call("check", "--fix", spec)
    assert f"{spec}:1:72: fixed: data.scaling: standardize [selu-inputs]" in done.stdout
    assert "scaling: standardize}" in spec.read_text()
    assert call("check", "--strict", spec).exit_code == 0
    assert "cannot be combined with --set" in call("check", "--fix", spec, "--set", "seed=1").stderr


def test_advice_as_annotations_for_github(tmp_path: Path) -> None:
    """One line for each finding; a fault is an error."""
    spec = bad_recipe(tmp_path)
    found = call("check", "--format", "github", spec).stdout
    assert found.startswith(f"::warning file={spec},line=1,col=72::data.scaling: warning: SELU needs inputs")
    refused = call("check", "--format", "github", spec, "--set", "sed=1")
    assert "unknown key 'sed'" in refused.stderr
    assert refused.stdout.startswith("::error file=--set sed=1,line=1,col=1::sed: unknown key")


def test_advice_as_json(tmp_path: Path) -> None:
    (found,) = json.loads(call("check", "--json", bad_recipe(tmp_path)).stdout)
    (advice,) = found["advice"]
    assert (found["is_fine"], advice["rule"], advice["place"]["line"]) == (True, "selu-inputs", 1)
    assert (advice["fix"], advice["is_safe"]) == ("data.scaling: standardize", True)


def test_a_rule_is_explained() -> None:
    assert "variance 1/fan_in" in call("check", "--explain", "selu-initializer").stdout
    assert len(call("check", "--explain", "all").stdout.splitlines()) >= 30
    refused = call("check", "--explain", "selu-initialiser")
    assert refused.exit_code == 2
    assert "Did you mean `selu-initializer`?" in refused.stderr
    assert call("check").exit_code == 2

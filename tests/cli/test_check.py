"""`dnnctl check`."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import call
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
    (tmp_path / "fine.csv").write_text("a,b\n1,2\n")
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

"""The settings of a sweep in a CSV file."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.errors import SpecError
from dnnctl.specs.reading.load_sweep import check_settings, load_sweep
from dnnctl.specs.reading.settings_table import read_settings
from sample_specs import write_spec


def test_values_are_read_as_yaml(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        'seed,model.defaults.activation,optimizer.nesterov\n1,"{kind: elu, alpha: 0.5}",true\n2,relu,false\n'
    )
    assert read_settings(path).rows == (
        {"seed": 1, "model.defaults.activation": {"kind": "elu", "alpha": 0.5}, "optimizer.nesterov": True},
        {"seed": 2, "model.defaults.activation": "relu", "optimizer.nesterov": False},
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "must have a header"),
        ("seed\n", "must have a header"),
        ("seed,seed\n1,2\n", "must have a header"),
        ("seed,\n1,2\n", "must have a header"),
        ("seed,name\n1\n", "a.csv:2:1: has 1 cells, but the header has 2"),
        ("seed,name\n1,\n", "a.csv:2:1: name: the cell is empty"),
        ('seed\n"1\n', "is not a CSV file"),
    ],
)
def test_a_file_that_is_no_table_of_settings_is_refused(text: str, rule: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(SpecError, match=rule):
        read_settings(path)


def test_a_wrong_value_has_its_line(tmp_path: Path) -> None:
    write_spec(tmp_path)
    (tmp_path / "a.csv").write_text("optimizer.learning_rate\n0.1\n-1\n")
    (tmp_path / "s.yaml").write_text("spec: small.yaml\nsearch: {kind: csv, path: a.csv}\nobjective: {metric: loss}\n")
    loaded = load_sweep(tmp_path / "s.yaml")
    assert loaded.table is not None
    with pytest.raises(SpecError, match=r"a.csv:3:1: optimizer.learning_rate: must be greater than 0"):
        check_settings(loaded, loaded.table.rows)

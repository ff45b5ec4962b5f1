"""A spreadsheet runs nothing that a table contains."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from command_line import call
from dnnctl.cli.csv_text import as_csv
from stored import store_run

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_becomes_text(formula: str) -> None:
    ((cell, other),) = csv.reader(io.StringIO(as_csv([[formula, "a"]])))
    assert (cell[0], other) == ("'", "a")
    assert formula.strip() in cell


@pytest.mark.parametrize("value", ["-1.5", "+2", "-1e-3", -0.25, 7, "name", "a=b", "a,b", 'say "x"', ""])
def test_numbers_and_ordinary_text_do_not_change(value: str | float) -> None:
    assert list(csv.reader(io.StringIO(as_csv([[value]])))) == [[str(value)]]


def test_missing_values_are_empty() -> None:
    assert as_csv([["a", None], [1, None]]) == "a,\n1,\n"


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_table_of_a_store_has_a_formula(formula: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNNCTL_RUNS_DIR", str(tmp_path))
    store_run(tmp_path, "net", optimizer={"kind": formula})
    store_run(tmp_path, "other")
    listed = call("list", "--csv", "--columns", "name,optimizer.kind,val_loss")
    compared = call("compare", "net", "other", "--csv")
    for done in (listed, compared):
        assert done.exit_code == 0, done.output
        cells = [cell for row in csv.reader(io.StringIO(done.stdout)) for cell in row]
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert f"'{formula.strip()}" in listed.stdout.replace("\\t", "").replace("\\r", "")

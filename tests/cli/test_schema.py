"""`dnnctl schema`."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import call


def test_the_schema_can_be_written_to_a_file(tmp_path: Path) -> None:
    assert call("schema", "-o", tmp_path / "schema.json").exit_code == 0
    assert json.loads((tmp_path / "schema.json").read_text())["title"] == "Spec"
    assert call("schema", "-o", tmp_path / "no" / "schema.json").exit_code == 2


def test_only_an_earlier_schema_is_replaced(tmp_path: Path) -> None:
    spec, schema = tmp_path / "net.yaml", tmp_path / "schema.json"
    spec.write_text("data: mnist")
    done = call("schema", "-o", spec)
    assert (done.exit_code, "was not overwritten" in done.stderr, spec.read_text()) == (2, True, "data: mnist")
    assert [call("schema", "-o", schema).exit_code for _ in range(2)] == [0, 0]

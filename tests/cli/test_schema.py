"""`dnnctl schema`."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import call


def test_the_schema_can_be_written_to_a_file(tmp_path: Path) -> None:
    assert call("schema", "-o", tmp_path / "schema.json").exit_code == 0
    assert json.loads((tmp_path / "schema.json").read_text())["title"] == "Spec"
    assert call("schema", "-o", tmp_path / "no" / "schema.json").exit_code == 2

"""The JSON Schema of specs as a file, and the line of a spec that leads an editor to it.

The file is in a hidden folder next to the spec. Its path in the spec is relative, so that the two can be copied to
another computer together, and no network is needed.
"""

from __future__ import annotations

import json
from pathlib import Path

from dnnctl.specs.reading.schema import json_schema
from dnnctl.store.files import write_text

FILE = ".dnnctl/spec.schema.json"
"""The path of the schema, relative to the spec."""
MODELINE = f"# yaml-language-server: $schema={FILE}\n"
"""The line that editors with the YAML language server read, such as VS Code."""


def schema_text() -> str:
    """The schema as JSON."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def provide_schema(folder: Path) -> str:
    """Write the schema for the specs of a folder, if it is not there or of another version, and return their line.

    The line is empty if the schema cannot be written: a spec is complete without it.
    """
    path, text = folder / FILE, schema_text()
    if path.parent.is_symlink():
        return ""
    try:
        path.parent.mkdir(exist_ok=True)
        if not path.is_file() or path.read_bytes() != text.encode():
            write_text(path, text)
    except OSError:
        return ""
    return MODELINE

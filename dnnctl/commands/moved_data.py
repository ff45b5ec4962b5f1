"""Whether a file holds the data that a run was trained on."""

from __future__ import annotations

from pathlib import Path

from dnnctl.errors import UserError
from dnnctl.specs import load
from dnnctl.store.record import RunRecord


def find_own_data(run: RunRecord, place: Path) -> str | None:
    """The override that lets a run read its data from another place, `data.source.path=…`; None if these are not its
    data: with the same content, they have the same digest.
    """
    source = run.facts.spec.get("data", {}).get("source")
    if run.facts.data is None or not isinstance(source, dict) or "path" not in source or not place.exists():
        return None
    override = f"data.source.path={place.absolute()}"
    try:
        from dnnctl.data.source import load_source

        found = load_source(load(run.folder.spec, [override]).spec.data.source)
        return override if found.digest() == run.facts.data.digest else None
    except UserError:  # it is of another kind, or has other columns
        return None

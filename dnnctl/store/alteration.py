"""Whether a run's files are as training wrote them, for commands that use its results."""

from __future__ import annotations

from pathlib import Path

from dnnctl.errors import RunError
from dnnctl.store.record import RunRecord
from dnnctl.store.seal import ALTERED, name_of


def has_own_result(run: RunRecord) -> bool:
    """Whether run.json and summary.json are as training wrote them, or were never sealed."""
    return not {run.folder.run.name, run.folder.summary.name} & run.altered.keys()


def has_own_rows(run: RunRecord) -> bool:
    """Whether metrics.jsonl is as training wrote it, or was never sealed."""
    return run.folder.metrics.name not in run.altered


def altered_files(run: RunRecord, *paths: Path) -> tuple[str, ...]:
    """The names of the given files, and of run.json, spec.yaml, encoding.json and summary.json, that were altered."""
    folder = run.folder
    always = (folder.run, folder.spec, folder.encoding, folder.summary)
    facts = [path.name for path in always if run.altered.get(path.name) == ALTERED]
    return (*facts, *(name_of(path, folder) for path in paths if run.change_of(path) == ALTERED))


def check_unaltered(run: RunRecord, *paths: Path, fix: str = "") -> None:
    """Check that a run is as training wrote it: run.json, spec.yaml, encoding.json, summary.json and the given files.

    Args:
        fix: a sentence that says what else the user can do.

    Raises:
        RunError: a file was altered.
    """
    altered = altered_files(run, *paths)
    if altered:
        rest = f" {fix}" if fix else ""
        raise RunError(
            f"{run.id} was altered since training: {', '.join(altered)}. It is not the run that was trained. Restore "
            f"these files, or train the run again: dnnctl train SPEC.{rest}"
        )

"""`tag`, `note` and `rename`: what a user says about a run after it was created."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from dnnctl.errors import UserError, shorten
from dnnctl.store.catalog import LAST
from dnnctl.store.record import ID, RunRecord
from dnnctl.store.writer import RunWriter


def tag(run: RunRecord, changes: Sequence[str]) -> RunRecord:
    """Change the tags of a run; return the run with them.

    Args:
        changes: `+good` adds a tag, `-old` removes one.

    Raises:
        UserError: a change is invalid, or the run has no such tag, is being trained or is not the user's own.
    """
    with RunWriter.open(run) as writer:
        return writer.change_labels(lambda labels: labels.tagged(changes))


def note(run: RunRecord, text: str) -> RunRecord:
    """Replace the note of a run; return the run with it.

    Raises:
        UserError: the note is too long, or the run is being trained or is not the user's own.
    """
    with RunWriter.open(run) as writer:
        return writer.change_labels(lambda labels: labels.noted(text))


def rename(run: RunRecord, name: str) -> RunRecord:
    """Give a run another name; return the run with it. Its id and its folder do not change.

    Raises:
        UserError: it cannot be the name of a run, or the run is being trained or is not the user's own.
    """
    _check_name(name)
    with RunWriter.open(run) as writer:
        first = run.first_name
        return writer.change_labels(lambda labels: replace(labels, name=None if name == first else name))


def _check_name(name: str) -> None:
    from dnnctl.specs.experiment import NAME_PATTERN

    if not re.fullmatch(NAME_PATTERN, name):
        raise UserError(
            f"A name must have 1 to 64 letters, digits and characters of `_.-`, and must start with a letter or a "
            f"digit. Received: {shorten(name, 100)}."
        )
    if name == LAST or ID.fullmatch(name):
        raise UserError(f"'{shorten(name, 100)}' means another run in every command. Choose another name.")

"""labels.json: what a user says about a run after it was created. Nothing that is trained or measured depends on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dnnctl.errors import UserError, shorten
from dnnctl.text import nearest

TAG = re.compile(r"\w[\w.:/-]{0,49}")
MAX_TAGS = 100
MAX_NOTE = 10_000
"""The maximum number of characters of a note."""


@dataclass(frozen=True)
class Labels:
    """The labels of a run."""

    name: str | None = None
    """The name that replaces the one in its spec and its id; None if it was not renamed."""
    tags: tuple[str, ...] = ()
    """In the order in which they were added."""
    note: str = ""

    def tagged(self, changes: Sequence[str]) -> Labels:
        """The labels after changes of the tags: `+good` adds the tag `good`, `-good` removes it.

        Raises:
            UserError: a change is neither of these, or removes a tag that is not there.
        """
        added, removed = _parse(changes)
        for tag in removed:
            if tag not in self.tags:
                raise UserError(f"The run has no tag '{tag}'. {suggest_tag(tag, self.tags)}")
        tags = tuple(dict.fromkeys([*(tag for tag in self.tags if tag not in removed), *added]))
        if len(tags) > MAX_TAGS:
            raise UserError(f"A run can have at most {MAX_TAGS} tags. These would be {len(tags)}.")
        return replace(self, tags=tags)

    def noted(self, text: str) -> Labels:
        """The labels with another note; an empty one removes it.

        Raises:
            UserError: it is too long.
        """
        if len(text) > MAX_NOTE:
            raise UserError(f"A note must have at most {MAX_NOTE:,} characters. Received: {len(text):,}.")
        return replace(self, note=text.strip())


def suggest_tag(tag: str, known: Iterable[str]) -> str:
    """A sentence with the tag that may be meant, or with those that there are."""
    tags = sorted(set(known))
    near = nearest(tag, tags)
    return f"Did you mean {near}?" if near else f"Tags: {shorten(', '.join(tags), 200) or 'none'}."


def _parse(changes: Sequence[str]) -> tuple[list[str], list[str]]:
    """The tags to add and those to remove."""
    signed: dict[str, list[str]] = {"+": [], "-": []}
    for change in changes:
        sign, tag = change[:1], change[1:]
        if sign not in signed:
            raise UserError(f"+TAG adds a tag and -TAG removes it. Received: {shorten(change, 100)}. Write +{change}.")
        if not TAG.fullmatch(tag):
            raise UserError(
                f"A tag must have 1 to 50 letters, digits and characters of `_.:/-`, and must start with a letter, a "
                f"digit or `_`. Received: {shorten(change, 100)}."
            )
        signed[sign].append(tag)
    both = [tag for tag in signed["+"] if tag in signed["-"]]
    if both:
        raise UserError(f"The tag '{both[0]}' is added and removed. Write only one of +{both[0]} and -{both[0]}.")
    return signed["+"], signed["-"]

"""The size of a YAML text with its aliases expanded."""

from __future__ import annotations

import yaml

from dnnctl.errors import Fault, Place, SpecError

MAX_NODES = 20_000
MAX_DEPTH = 50


class ExpandedSize:
    """Counts the values that a text expands to, from the parser's events, before anything is built.

    Args:
        name: the name of the text in messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.total = 0
        self.weights: dict[str, int] = {}
        """The number of values in each anchor."""
        self.starts: list[tuple[str | None, int]] = []
        """The anchors of the open collections, and the totals before them."""

    def add(self, event: yaml.Event) -> None:
        """Count an event.

        Raises:
            SpecError: the text has too many values, or is nested too deeply.
        """
        if isinstance(event, yaml.AliasEvent):
            holds_itself = event.anchor in [anchor for anchor, _ in self.starts]
            self.total += MAX_NODES + 1 if holds_itself else self.weights.get(event.anchor or "", 1)
        elif isinstance(event, yaml.ScalarEvent):
            self.total += 1
            if event.anchor:
                self.weights[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            self.starts.append((event.anchor, self.total))
            self.total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = self.starts.pop()
            if anchor:
                self.weights[anchor] = self.total - before
        if self.total > MAX_NODES:
            raise self._refusal(f"has more than {MAX_NODES} values", event)
        if len(self.starts) > MAX_DEPTH:
            raise self._refusal(f"is nested more than {MAX_DEPTH} levels deep", event)

    def _refusal(self, rule: str, event: yaml.Event) -> SpecError:
        mark = event.start_mark
        place = Place(self.name, mark.line + 1, mark.column + 1) if mark else Place(self.name)
        return SpecError([Fault(f"the text {rule}, with its aliases expanded", place=place)])

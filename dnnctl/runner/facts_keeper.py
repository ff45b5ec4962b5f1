"""Where the stages of a training keep what they find out about a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from dnnctl.store.facts import RunFacts


class FactsKeeper(Protocol):
    """What the stages need from the writer of a run."""

    facts: RunFacts

    def add_facts(self, **facts: Any) -> None:
        """Keep more facts."""


class FactsInMemory:
    """Keeps the facts of a run that must not change on the disk."""

    def __init__(self, facts: RunFacts) -> None:
        self.facts = facts

    def add_facts(self, **facts: Any) -> None:
        """Keep more facts."""
        self.facts = replace(self.facts, **facts)

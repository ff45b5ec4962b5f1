"""The roll-backs of a run in words."""

from __future__ import annotations

from dnnctl.store.facts import HistoryEntry


def roll_back_in_words(entry: HistoryEntry) -> str:
    """Where a roll-back went, its factor, and why it was needed."""
    rates = "" if entry.factor is None else f", learning rates × {entry.factor:g}"
    return f"to {entry.checkpoint}{rates}: {entry.reason or 'the loss diverged'}"

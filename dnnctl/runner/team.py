"""The processes of a distributed training."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Team:
    """All processes of a training, and which of them this one is."""

    addresses: tuple[str, ...]
    """HOST:PORT of each; the first is the chief, which alone writes the run."""
    number: int

    @property
    def n(self) -> int:
        """The number of processes."""
        return len(self.addresses)

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run."""
        return self.number == 0

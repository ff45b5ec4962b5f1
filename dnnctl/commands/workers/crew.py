"""Trains runs with workers until there are none left, whatever happens to the workers."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from dnnctl.commands.workers.workers import Workers
from dnnctl.errors import InterruptedRunError
from dnnctl.runner.interrupts import SIGNALS

Following = Callable[[Collection[Path]], Path | None]
"""Makes the folder of the next run to train, given those that are being trained; None if there is none."""
Hear = Callable[[Path, Mapping[str, Any]], None]
"""Called with the folder of a run and what happens to it: `given` to a worker, the events of its training, and in the
end `released`, or `lost` with the worker that has died."""


@dataclass
class Crew:
    """Gives runs to workers. The first signal makes the workers save their runs and end, the second ends them at once.

    A run whose worker dies is left to `following`, which may return it again.
    """

    workers: Workers
    hear: Hear
    busy: set[Path] = field(default_factory=set)
    """The runs that are being trained."""
    deaths: Counter[Path] = field(default_factory=Counter)
    """How often a worker has died with a run."""
    received: int | None = None
    """The signal that stops the workers."""
    _unsent: list[int] = field(default_factory=list)
    """The signals that the workers have not got yet."""
    _is_giving: bool = False
    """Whether runs are being given to workers, which must not get a signal just before a run."""
    _before: dict[int, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        heeded = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._stop) for number in heeded}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def train(self, following: Following) -> None:
        """Train the runs that `following` makes, until it makes none.

        Raises:
            InterruptedRunError: a signal has stopped the workers, which have saved their runs.
        """
        while True:
            self._give(following)
            if not self.busy:
                break
            for message in self.workers.wait():
                event = message.content["event"]
                if event in ("released", "lost"):
                    self.busy.remove(message.run)
                    self.deaths[message.run] += event == "lost"
                if event != "lost" or self.received is None:
                    self.hear(message.run, {**message.content, "deaths": self.deaths[message.run]})
        if self.received is not None:
            raise InterruptedRunError(f"interrupted by {signal.Signals(self.received).name}", self.received)

    def _give(self, following: Following) -> None:
        """Give a run to each idle worker, then the signals that have come meanwhile."""
        self._is_giving = True
        while self.received is None and self.workers.n_idle() and (run := following(self.busy)) is not None:
            self.busy.add(run)
            self.workers.train(run)
            self.hear(run, {"event": "given"})
        self._is_giving = False
        self._send()

    def _stop(self, number: int, _frame: Any) -> None:
        self.received = number
        self._unsent.append(number)
        if not self._is_giving:
            self._send()

    def _send(self) -> None:
        while self._unsent:
            self.workers.stop(self._unsent.pop())

"""Workers that train nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from dnnctl.commands.workers.workers import Message

RELEASED = {"event": "released", "message": "", "exit_code": 0, "is_interrupted": False, "is_last": False}


class FakeWorkers:
    """Workers that do what a script says: for each run the events of each attempt."""

    def __init__(self, n: int, script: dict[str, list[list[dict[str, Any]]]]) -> None:
        self.n, self.threads, self.script = n, 1, script
        self.busy: list[Path] = []
        self.given: list[str] = []
        self.signals: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def n_idle(self) -> int:
        return self.n - len(self.busy)

    def train(self, run: Path) -> None:
        assert self.n_idle() > 0
        self.busy.append(run)
        self.given.append(run.name)

    def wait(self) -> list[Message]:
        run = self.busy.pop(0)
        attempts = self.script.get(run.name, [])
        return [Message(run, content) for content in (attempts.pop(0) if attempts else [dict(RELEASED)])]

    def stop(self, number: int) -> None:
        self.signals.append(number)

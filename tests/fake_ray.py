"""Ray without a cluster: its tasks run until a test ends them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


@dataclass
class FakeRay:
    """What the launcher uses of Ray."""

    resources: dict[str, float]
    failure: Exception | None = None
    """What connecting raises."""
    connected: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    tasks: list[tuple[Any, ...]] = field(default_factory=list)
    """The arguments of each task; its place is what the launcher gets."""
    ended: dict[int, str | Exception] = field(default_factory=dict)
    """What tasks have returned or raised."""

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Be the module `ray`."""
        module = ModuleType("ray")
        names = ("init", "cluster_resources", "remote", "wait", "get", "shutdown")
        vars(module).update({name: getattr(self, name) for name in names})
        patch.setitem(sys.modules, "ray", module)

    def init(self, address: str, **options: Any) -> None:
        self.connected.append((address, options))
        if self.failure is not None:
            raise self.failure

    def cluster_resources(self) -> dict[str, float]:
        return self.resources

    def remote(self, **options: Any) -> Callable[[Any], Any]:
        self.options = options
        return lambda _function: SimpleNamespace(remote=self._start)

    def _start(self, *arguments: Any) -> int:
        self.tasks.append(arguments)
        return len(self.tasks) - 1

    def wait(self, tasks: Sequence[int], *, num_returns: int, timeout: float) -> tuple[list[int], list[int]]:
        assert (num_returns, timeout) == (len(tasks), 0), "it must not block, nor stop at the first one"
        return [task for task in tasks if task in self.ended], [task for task in tasks if task not in self.ended]

    def get(self, task: int) -> str:
        found = self.ended[task]
        if isinstance(found, Exception):
            raise found
        return found

    def shutdown(self) -> None:
        self.connected.clear()

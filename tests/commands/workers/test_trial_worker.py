"""A worker of a sweep: what it reports about a run that it cannot train, and when it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dnnctl.commands.workers.trial_worker import MAX_GROWTH, Memory, train_trial
from dnnctl.store.lock import hold
from stored_trials import store_trial


class Small(Memory):
    """The memory of a process that never grows."""

    def has_grown(self) -> bool:
        return False


@pytest.mark.parametrize("state", ["finished", "stopped", "diverged"])
def test_a_run_that_is_over_is_released_unchanged(state: str, tmp_path: Path) -> None:
    """Its worker was killed after the end of training, and before the sweep heard of it."""
    run = store_trial(tmp_path, 1, [0.5], state=state).run
    before = {path.name: path.read_bytes() for path in run.path.iterdir() if path.name != ".lock"}
    messages: list[dict[str, Any]] = []
    assert train_trial(run.path, messages.append, Small())
    assert messages == [{"event": "released", "message": "", "exit_code": 0, "is_interrupted": False, "is_last": False}]
    assert {path.name: path.read_bytes() for path in run.path.iterdir() if path.name != ".lock"} == before


def test_a_run_that_another_process_trains_is_released_with_the_reason(tmp_path: Path) -> None:
    run = store_trial(tmp_path, 1, [0.5], state="unfinished").run
    messages: list[dict[str, Any]] = []
    with hold(run.folder.lock):
        assert train_trial(run.path, messages.append, Small())
    assert (messages[0]["event"], messages[0]["exit_code"]) == ("released", 2)
    assert "is being trained by pid" in messages[0]["message"]


@pytest.mark.heavy
def test_a_worker_that_has_grown_too_large_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run leaves some megabytes in TensorFlow; compared with the memory after the first run."""
    from dnnctl.engine import memory

    sizes = iter([10**9, 10**9 + MAX_GROWTH, 10**9 + MAX_GROWTH + 1])
    monkeypatch.setattr(memory, "resident_memory", lambda: next(sizes))
    own = Memory()
    assert [own.has_grown() for _ in range(3)] == [False, False, True]

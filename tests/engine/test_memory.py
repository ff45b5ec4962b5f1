"""Running out of memory gives a clear error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import tensorflow as tf

from dnnctl.engine.memory import available_memory, memory_errors_explained, require_memory
from dnnctl.errors import DeviceError


@pytest.mark.parametrize("shape", [(1 << 40,), (1 << 20, 1 << 24)])
def test_a_failed_allocation_suggests_what_to_make_smaller(shape: tuple[int, ...]) -> None:
    rule = r"too little memory .*shape.*smaller training\.batch_size"
    with pytest.raises(DeviceError, match=rule), memory_errors_explained():
        tf.zeros(shape) + 1.0


def test_needs_beyond_the_memory_are_refused_with_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnnctl.engine.memory.available_memory", lambda: 10**9)
    require_memory({"the weights": 6 * 10**8, "the data": 4 * 10**8})
    figures = r"at least 1\.1 GB of memory \(600\.0 MB for the weights, 500\.0 MB for the data\), but only 1\.0 GB are"
    with pytest.raises(DeviceError, match=figures):
        require_memory({"the weights": 6 * 10**8, "the optimizer": 0, "the data": 5 * 10**8})


def test_the_available_memory_is_less_than_the_machine_has() -> None:
    """The oracle is the kernel's own figure."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total = int(lines["MemTotal"].split()[0]) * 1024
    assert 0 < available_memory() < total


def test_a_limit_of_the_process_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The room below RLIMIT_AS is what the address space has not taken yet."""
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    monkeypatch.setattr("resource.getrlimit", lambda _kind: (taken + 10**8, -1))
    assert 0 <= available_memory() <= 10**8
    monkeypatch.setattr("resource.getrlimit", lambda _kind: (10**6, -1))
    assert available_memory() == 0


def test_a_limit_of_the_container_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr("dnnctl.engine.memory.CONTAINER_LIMITS", (limit, tmp_path / "missing"))
    whole = available_memory()
    limit.write_text("max\n")
    assert available_memory() == pytest.approx(whole, rel=0.1)
    limit.write_text("1000000\n")
    assert available_memory() == 0

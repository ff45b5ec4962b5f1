"""A clear error for running out of memory, before it happens if it can be foreseen."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import tensorflow as tf

from dnnctl.errors import DeviceError
from dnnctl.specs.runtime import Runtime
from dnnctl.text import format_bytes

GB = 10**9
NODE = re.compile(r"\{\{.*?\}\} ?")
"""The name of the operation that TensorFlow puts before a message."""
ADVICE = "Use smaller or fewer layers, or a smaller training.batch_size."
CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
ADDRESS_SPACE, RESIDENT = 0, 1
"""Columns of /proc/self/statm, in pages."""


@contextmanager
def memory_errors_explained() -> Iterator[None]:
    """Turn a failed allocation into an error that suggests what to reduce.

    Raises:
        DeviceError: the device has too little memory.
    """
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        reason = NODE.sub("", str(error)).strip().partition("\n")[0].partition(" on /job:")[0]
        raise DeviceError(
            f"The device has too little memory for this network ({reason or 'an allocation failed'}). {ADVICE}"
        ) from None


def require_memory(needs: Mapping[str, int]) -> None:
    """Refuse what needs more memory than this process can get.

    Args:
        needs: bytes by what they are for. Only what is certain, so that nothing possible is refused.

    Raises:
        DeviceError: the needs exceed what is available; the message has the figures.
    """
    total, available = sum(needs.values()), available_memory()
    if total > available:
        parts = ", ".join(f"{format_bytes(n_bytes)} for {what}" for what, n_bytes in needs.items() if n_bytes)
        raise DeviceError(
            f"Training this network needs at least {format_bytes(total)} of memory ({parts}), but only "
            f"{format_bytes(available)} are available to it. {ADVICE}"
        )


def data_memory(runtime: Runtime) -> int:
    """The bytes that examples may take. Larger data are read in chunks."""
    return available_memory() // 4 if runtime.memory == "auto" else int(runtime.memory * GB)


def available_memory() -> int:
    """The bytes of memory that this process can get at most: of the machine, its container and its own limits."""
    limits = [_total_memory(), *(_number(file) for file in CONTAINER_LIMITS)]
    rooms = [limit - _used(RESIDENT) for limit in limits if limit is not None]
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        rooms.append(soft - _used(ADDRESS_SPACE))
    return max(0, min(rooms))


def resident_memory() -> int:
    """The bytes that this process has in memory; 0 if the system does not tell."""
    return _used(RESIDENT)


def _total_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _used(column: int) -> int:
    """The bytes that this process uses, by the column of Linux's statm; 0 on other systems."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[column]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _number(file: Path) -> int | None:
    """The number in a file; None if there is none."""
    with suppress(OSError, ValueError):
        return int(file.read_text(encoding="ascii"))
    return None

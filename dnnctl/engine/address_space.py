"""A clear error if the process may not use the memory that TensorFlow needs; TensorFlow itself would abort."""

from __future__ import annotations

import resource

from dnnctl.errors import DeviceError

NEEDED = 2_000_000_000
"""Bytes of address space. Importing TensorFlow 2.21 takes 1.9 GB, training a small network 0.1 GB more."""


def check_address_space() -> None:
    """Check the limit of the address space (`ulimit -v`).

    Raises:
        DeviceError: TensorFlow cannot be loaded within the limit.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < NEEDED:
        raise DeviceError(
            f"TensorFlow needs at least {NEEDED / 1e9:.0f} GB of memory, but this process may use only "
            f"{limit / 1e9:.1f} GB. Raise the limit: `ulimit -v unlimited`."
        )

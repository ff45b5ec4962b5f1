"""Whether there is a GPU, found out without a framework."""

from __future__ import annotations

import os
from pathlib import Path

DEVICES = ("/dev/nvidiactl", "/dev/nvidia0", "/proc/driver/nvidia/version", "/dev/dxg", "/dev/kfd")
"""What a driver of NVIDIA, of WSL or of AMD creates."""
HIDES = "CUDA_VISIBLE_DEVICES"
"""The variable that lists the GPUs that a process may use."""


def is_gpu_there() -> bool:
    """Whether the driver of a GPU is loaded, and its GPUs are not hidden. TensorFlow may still be unable to use it."""
    return os.environ.get(HIDES, "0").strip() not in ("", "-1") and any(Path(each).exists() for each in DEVICES)

"""The device that training runs on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from dnnctl.engine.session import limit_threads
from dnnctl.errors import DeviceError
from dnnctl.specs.runtime import Runtime

DRIVER = Path("/proc/driver/nvidia/version")
DRIVER_VERSION = re.compile(r"\b\d{3}\.\d+(?:\.\d+)?\b")


@dataclass(frozen=True)
class Device:
    """The device that a run uses."""

    kind: str
    """`cpu` or `gpu`."""
    name: str
    """The name that TensorFlow reports."""
    n_threads: int
    """The number of CPU threads that one operation may use; 0 means one per core."""
    software: Mapping[str, str] = field(default_factory=dict)
    """What the bits of a GPU depend on besides its name: compute capability, CUDA, cuDNN, driver; empty for a CPU."""
    n_replicas: int = 1
    """The number of replicas that share the examples of a batch, also in other processes."""


def prepare_device(runtime: Runtime) -> Device:
    """Make only the device that the spec allows visible to TensorFlow, with the number of threads in the spec.

    On a GPU, operations are made deterministic, because exact resume depends on it.

    Raises:
        DeviceError: the spec requests what does not exist, or what this process can no longer change.
    """
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    _set_threads(runtime)
    gpu = _chosen_gpu(runtime, tf.config.list_physical_devices("GPU"))
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    if gpu is None:
        return Device("cpu", "CPU", threads)
    tf.config.experimental.enable_op_determinism()
    return Device("gpu", gpu_name(gpu), threads, _software(gpu))


def list_devices() -> list[tuple[str, str]]:
    """Every device that TensorFlow sees, as its kind (`cpu`, `gpu`) and its name, GPUs by their index."""
    devices = tf.config.list_physical_devices()
    return [
        (each.device_type.lower(), gpu_name(each) if each.device_type == "GPU" else str(each.name)) for each in devices
    ]


def gpu_name(gpu: Any) -> str:
    """The name of a GPU's model."""
    return str(tf.config.experimental.get_device_details(gpu).get("device_name", "GPU"))


def _set_threads(runtime: Runtime) -> None:
    if runtime.threads == "auto":
        return
    threads = runtime.threads
    before = tf.config.threading.get_intra_op_parallelism_threads()
    if threads != before:
        _set(f"runtime.threads: {threads}", lambda: limit_threads(threads))


def _chosen_gpu(runtime: Runtime, gpus: Sequence[Any]) -> Any | None:
    """The GPU to use, the first of all if they are mirrored; None for the CPU.

    GPUs that are not used become invisible, because TensorFlow would take their memory.
    """
    if runtime.device == "gpu" and not gpus:
        raise DeviceError(
            "runtime.device: gpu, but TensorFlow finds no GPU. Run `dnnctl doctor` for details. "
            "`pip install 'dnnctl[gpu]'` installs the CUDA libraries; `device: auto` trains on the CPU."
        )
    index = 0 if runtime.gpu == "auto" else runtime.gpu
    if runtime.gpu != "auto" and index >= len(gpus):
        found = f"only {len(gpus)}, with the indexes 0 to {len(gpus) - 1}" if len(gpus) > 1 else "only GPU 0"
        raise DeviceError(
            f"runtime.gpu: {index}, but TensorFlow finds {found if gpus else 'no GPU'}. "
            f"Run `dnnctl doctor` for a list; CUDA_VISIBLE_DEVICES may hide some."
        )
    if not gpus:
        return None
    chosen = [] if runtime.device == "cpu" else [gpus[index]]
    if runtime.distribution.kind == "mirrored" and runtime.gpu == "auto" and chosen:
        chosen = list(gpus)
    _set("runtime.gpu", lambda: tf.config.set_visible_devices(chosen, "GPU"))
    return chosen[0] if chosen else None


def replica_devices() -> tuple[str, ...]:
    """The devices of the replicas of one process: its GPUs, or without any its CPUs."""
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tuple(device.name for device in found)


def _set(what: str, change: Callable[[], None]) -> None:
    """Change a setting of TensorFlow.

    Raises:
        DeviceError: TensorFlow has computed something before.
    """
    try:
        change()
    except RuntimeError:
        raise DeviceError(
            f"{what} cannot be changed, because TensorFlow already computes in this process. Train it in a new process."
        ) from None


def _software(gpu: Any) -> dict[str, str]:
    """What the bits of a GPU depend on besides its name, as far as it is known."""
    capability = tf.config.experimental.get_device_details(gpu).get("compute_capability", ())
    build = tf.sysconfig.get_build_info()
    found = {
        "compute capability": ".".join(map(str, capability)),
        "CUDA": str(build.get("cuda_version", "")),
        "cuDNN": str(build.get("cudnn_version", "")),
        "driver": _driver_version(),
    }
    return {name: value for name, value in found.items() if value}


def _driver_version() -> str:
    """The version of NVIDIA's kernel module; empty if it is not known."""
    with suppress(OSError, UnicodeDecodeError):
        match = DRIVER_VERSION.search(DRIVER.read_text(encoding="utf-8"))
        return match[0] if match else ""
    return ""

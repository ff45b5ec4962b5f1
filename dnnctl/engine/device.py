"""The device that training runs on."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import tensorflow as tf

from dnnctl.errors import DeviceError
from dnnctl.specs.runtime import Runtime


@dataclass(frozen=True)
class Device:
    """The device that a run uses."""

    kind: str
    """`cpu` or `gpu`."""
    name: str
    """The name that TensorFlow reports."""
    n_threads: int
    """The number of CPU threads that one operation may use; 0 means one per core."""


def prepare_device(runtime: Runtime) -> Device:
    """Make only the devices that the spec allows visible to TensorFlow, and choose one.

    On a GPU, operations are made deterministic, because exact resume depends on it.

    Raises:
        DeviceError: the spec requires a GPU and there is none.
    """
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    gpus = tf.config.list_physical_devices("GPU")
    if runtime.device == "gpu" and not gpus:
        raise DeviceError(
            "runtime.device: gpu, but TensorFlow finds no GPU. Run `dnnctl doctor` for details. "
            "`pip install 'dnnctl[gpu]'` installs the CUDA libraries; `device: auto` trains on the CPU."
        )
    if runtime.device == "cpu" and gpus:
        tf.config.set_visible_devices([], "GPU")
        gpus = []
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    if not gpus:
        return Device("cpu", "CPU", threads)
    tf.config.experimental.enable_op_determinism()
    details = tf.config.experimental.get_device_details(gpus[0])
    return Device("gpu", str(details.get("device_name", "GPU")), threads)


def replica_devices() -> tuple[str, ...]:
    """The devices of the replicas of one process: its GPUs, or without any its CPUs."""
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tuple(device.name for device in found)


def list_devices() -> list[tuple[str, str]]:
    """Every device that TensorFlow sees, as its kind (`cpu`, `gpu`) and its name."""
    devices = []
    for device in tf.config.list_physical_devices():
        details = tf.config.experimental.get_device_details(device) if device.device_type == "GPU" else {}
        devices.append((device.device_type.lower(), str(details.get("device_name", device.name))))
    return devices

"""The device of a run: which GPU is used, how, and what is recorded. No test needs a GPU: a fake one is listed."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

from dnnctl import train
from dnnctl.commands.resume import resume
from dnnctl.engine import device
from dnnctl.engine.compilation import choose_compilation
from dnnctl.engine.determinism import nondeterminism_explained
from dnnctl.engine.device import list_devices, prepare_device
from dnnctl.errors import DeviceError, InterruptedRunError
from dnnctl.events.event import EpochEnded, Event, Restored
from dnnctl.specs.runtime import Runtime
from dnnctl.store.catalog import list_runs
from sample_specs import write_spec


@dataclass(frozen=True)
class Gpu:
    """A device as TensorFlow lists it."""

    name: str
    device_type: str = "GPU"


@dataclass
class Machine:
    """What TensorFlow is asked for on a machine with such GPUs."""

    gpus: list[Gpu]
    visible: list[list[Gpu]] = field(default_factory=list)
    is_deterministic: bool = False


@pytest.fixture
def with_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[int], Machine]:
    """A machine with n GPUs, as far as TensorFlow tells. The computations stay on the CPU."""
    monkeypatch.setattr(device, "DRIVER", tmp_path / "version")
    (tmp_path / "version").write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build\nGCC version:  12.2.0\n"
    )

    def make(n: int) -> Machine:
        machine = Machine([Gpu(f"/physical_device:GPU:{index}") for index in range(n)])
        cpu = Gpu("/physical_device:CPU:0", "CPU")
        listed = {"GPU": machine.gpus, "CPU": [cpu], None: [cpu, *machine.gpus]}
        build = {"cuda_version": "12.5.1", "cudnn_version": "9"}
        details = {"device_name": "NVIDIA A100", "compute_capability": (8, 0)}
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: listed[kind])
        monkeypatch.setattr(tf.config, "set_visible_devices", lambda found, _: machine.visible.append(found))
        monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda _: details)
        monkeypatch.setattr(tf.sysconfig, "get_build_info", lambda: build)
        monkeypatch.setattr(
            tf.config.experimental, "enable_op_determinism", lambda: setattr(machine, "is_deterministic", True)
        )
        return machine

    return make


def runtime(**keys: Any) -> Runtime:
    return Runtime.model_validate(keys)


@pytest.mark.parametrize(
    ("keys", "kind", "visible"),
    [
        ({}, "gpu", [0]),
        ({"device": "gpu"}, "gpu", [0]),
        ({"gpu": 1}, "gpu", [1]),
        ({"device": "gpu", "gpu": 0}, "gpu", [0]),
        ({"device": "cpu"}, "cpu", []),
    ],
)
def test_only_the_gpu_of_the_spec_is_visible_and_it_is_deterministic(
    keys: dict[str, Any], kind: str, visible: list[int], with_gpus: Callable[[int], Machine]
) -> None:
    machine = with_gpus(2)
    found = prepare_device(runtime(**keys))
    assert (found.kind, machine.is_deterministic) == (kind, kind == "gpu")
    assert machine.visible == [[machine.gpus[index] for index in visible]]
    software = {"compute capability": "8.0", "CUDA": "12.5.1", "cuDNN": "9", "driver": "550.54.15"}
    assert found.software == (software if kind == "gpu" else {})


@pytest.mark.parametrize(
    ("n", "keys", "message"),
    [
        (0, {"device": "gpu"}, "runtime.device: gpu, but TensorFlow finds no GPU"),
        (0, {"gpu": 0}, "runtime.gpu: 0, but TensorFlow finds no GPU"),
        (1, {"gpu": 1}, "runtime.gpu: 1, but TensorFlow finds only GPU 0"),
        (4, {"gpu": 4}, "only 4, with the indexes 0 to 3"),
    ],
)
def test_a_gpu_that_does_not_exist_is_an_error(
    n: int, keys: dict[str, Any], message: str, with_gpus: Callable[[int], Machine]
) -> None:
    machine = with_gpus(n)
    with pytest.raises(DeviceError, match=message):
        prepare_device(runtime(**keys))
    assert machine.visible == []


def test_what_tensorflow_can_no_longer_change_is_an_error(
    with_gpus: Callable[[int], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_gpus(2)

    def refuse(*_: object) -> None:
        raise RuntimeError("Visible devices cannot be modified after being initialized")

    monkeypatch.setattr(tf.config, "set_visible_devices", refuse)
    with pytest.raises(DeviceError, match=r"runtime\.gpu cannot be changed.*new process"):
        prepare_device(runtime(gpu=1))
    monkeypatch.setattr(device, "limit_threads", refuse)
    with pytest.raises(DeviceError, match=r"runtime\.threads: 3 cannot be changed"):
        prepare_device(runtime(device="cpu", threads=3))


def test_threads_are_set_and_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fact that resume compares is the number in the spec."""
    threads = [0]
    monkeypatch.setattr(device, "limit_threads", lambda n: threads.__setitem__(0, n))
    monkeypatch.setattr(tf.config.threading, "get_intra_op_parallelism_threads", lambda: threads[0])
    assert prepare_device(runtime(device="cpu")).n_threads == 0
    assert prepare_device(runtime(device="cpu", threads=3)).n_threads == 3
    assert prepare_device(runtime(device="cpu")).n_threads == 3  # of the process, as of a worker


def test_gpus_are_listed_by_their_index(with_gpus: Callable[[int], Machine]) -> None:
    with_gpus(2)
    assert list_devices() == [("cpu", "/physical_device:CPU:0"), ("gpu", "NVIDIA A100"), ("gpu", "NVIDIA A100")]


def test_a_resume_with_another_driver_is_approximate(with_gpus: Callable[[int], Machine], tmp_path: Path) -> None:
    """Its kernels may compute other bits, which dnnctl cannot know."""
    with_gpus(1)
    restored: list[list[str]] = []

    def stop_after_an_epoch(event: Event) -> None:
        if isinstance(event, Restored):
            restored.append(event.approximate)
        if isinstance(event, EpochEnded):
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(InterruptedRunError):
        train(write_spec(tmp_path), runs_dir=tmp_path / "runs", report=stop_after_an_epoch)
    (run,) = list_runs(tmp_path / "runs")
    assert run.facts.device is not None
    assert (run.facts.device.kind, run.facts.device.name) == ("gpu", "NVIDIA A100")
    with pytest.raises(InterruptedRunError):
        resume(run.path, report=stop_after_an_epoch)
    device.DRIVER.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  560.28.03  Thu Jul 18 2024")
    resume(run.path, report=lambda event: None if isinstance(event, EpochEnded) else stop_after_an_epoch(event))
    assert restored == [[], ["driver 550.54.15, now 560.28.03"]]


def test_max_pooling_is_not_compiled_by_xla_on_a_gpu() -> None:
    """XLA refuses its gradient (select-and-scatter) if operations must be deterministic."""
    pooled = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.MaxPooling2D(), keras.layers.Flatten()])
    plain = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    modes = [choose_compilation(runtime(), each, device="gpu", n_steps=10**6).mode for each in (pooled, plain)]
    assert modes == ["graph", "xla"]
    forced = choose_compilation(runtime(compile="xla"), pooled, device="gpu", n_steps=10**6)
    assert forced.mode == "xla"


def test_an_operation_without_a_deterministic_form_is_refused_in_words() -> None:
    """Other operations that do not exist stay themselves."""
    message = (
        "{{node Scatter}} A deterministic GPU implementation of Scatter is not currently available.\n\t [[Scatter]]"
    )
    with pytest.raises(DeviceError, match=r"needs \(A deterministic.*available\.\)"), nondeterminism_explained():
        raise tf.errors.UnimplementedError(None, None, message)
    with pytest.raises(tf.errors.UnimplementedError), nondeterminism_explained():
        raise tf.errors.UnimplementedError(None, None, "Cast string to float is not supported")

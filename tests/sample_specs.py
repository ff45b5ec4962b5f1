"""Specs and data for tests, small enough to train in a second."""

from __future__ import annotations

import pickle
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from dnnctl.store.files import read_json_lines
from dnnctl.store.json_object import plain
from dnnctl.store.record import RunRecord

N_CLASSES = 3


def write_digits(path: Path, *, n: int = 160, seed: int = 7) -> Path:
    """Write a NumPy file of small images whose class is their brightest third; a quarter of them is for test."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, N_CLASSES, n)
    images = draw.integers(0, 100, (n, 6, 6)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 2] += 90
    n_train = n * 3 // 4
    np.savez(
        path,
        x_train=images[:n_train],
        y_train=labels[:n_train],
        x_test=images[n_train:],
        y_test=labels[n_train:],
    )
    return path


def write_numbers(path: Path, *, n: int = 160, seed: int = 7) -> Path:
    """Write a NumPy file of small images with two positive targets: the brightness of the upper and lower half."""
    draw = np.random.default_rng(seed)
    images = draw.integers(0, 255, (n, 6, 6)).astype(np.uint8)
    targets = np.stack([images[:, :3].mean((1, 2)), images[:, 3:].mean((1, 2))], axis=1).astype(np.float32) / 100
    n_train = n * 3 // 4
    np.savez(
        path,
        x_train=images[:n_train],
        y_train=targets[:n_train],
        x_test=images[n_train:],
        y_test=targets[n_train:],
    )
    return path


def small_spec(folder: Path, **sections: Any) -> dict[str, Any]:
    """A spec with two dense layers for such images."""
    data = folder / "digits.npz"
    if not data.exists():
        write_digits(data)
    return {
        "name": "small",
        "data": {
            "source": {"kind": "npz", "path": str(data)},
            "validation": {"size": 24, "take": "last"},
            "scaling": "unit",
        },
        "model": {"defaults": {"activation": "relu"}, "layers": ["flatten", {"kind": "dense", "units": 8}]},
        "optimizer": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9},
        "training": {"batch_size": 16, "epochs": 3},
        **sections,
    }


def write_spec(folder: Path, **sections: Any) -> Path:
    """Write such a spec to a file."""
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(small_spec(folder, **sections), sort_keys=False))
    return path


def outcome(run: RunRecord) -> dict[str, Any]:
    """Everything in a run that must be the same, without times."""
    hidden = ("id", "files", "seal", "seconds", "training_seconds")
    summary = {key: value for key, value in plain(run.summary).items() if key not in hidden}
    rows = [{key: value for key, value in row.items() if key != "seconds"} for row in run.rows]
    summary["best"] = {key: value for key, value in summary["best"].items() if key != "seconds"}
    with np.load(run.folder.predictions) as file:
        predictions = {name: file[name].tobytes() for name in file.files}
    pretraining = read_json_lines(run.folder.pretraining) if run.folder.pretraining.exists() else []
    before = [{key: value for key, value in row.items() if key != "seconds"} for row in pretraining]
    probe = read_json_lines(run.folder.probe)
    return {"summary": summary, "rows": rows, "pretraining": before, "probe": probe, "predictions": predictions}


def cifar_batch(n: int, seed: int, key: bytes) -> bytes:
    """A file in CIFAR's format with random images."""
    draw = np.random.default_rng(seed)
    data = draw.integers(0, 256, (n, 3072), dtype=np.uint8)
    return pickle.dumps({b"data": data, key: draw.integers(0, 10, n).tolist()}, protocol=2)


def write_cifar10(folder: Path, *, n: int = 4) -> dict[str, str]:
    """Write CIFAR-10's files with `n` images each, and three test images; return the MD5 of each."""
    folder.mkdir(parents=True)
    for number in range(1, 6):
        (folder / f"data_batch_{number}").write_bytes(cifar_batch(n, number, b"labels"))
    (folder / "test_batch").write_bytes(cifar_batch(3, 9, b"labels"))
    return {path.name: md5(path.read_bytes()).hexdigest() for path in folder.iterdir()}

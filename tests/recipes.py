"""The specs that are hardest to resume exactly, and how to kill a training of one."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import zipfile
from itertools import cycle, islice, product
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import forked
import killed
from dnnctl.commands.parent import tied_to_this_process
from dnnctl.runner.checkpointing.checkpointer import Checkpointer
from dnnctl.specs.loss import ErrorLoss, Huber, Loss
from dnnctl.specs.optimizer import Optimizer
from dnnctl.specs.reading.introspection import kinds_of, members
from dnnctl.store.record import RunRecord
from image_files import write_folder
from sample_specs import write_numbers, write_spec
from sample_tables import LABELLED_TABLE, TABLE, write_table

TOO_LITTLE = 1e-6
"""GB for examples: they are streamed."""
ARRAYS = list(product(("train", "test"), ("inputs", "targets")))
MID_EPOCH = {"every": {"steps": 2}, "keep": 2}

LABEL_METRICS = ["accuracy", "crossentropy", "precision", "recall", "auc_roc", "auc_precision_recall", "f1_score"]
"""The metrics of several labels; classes have `top_k_accuracy`, too."""

RECIPES: dict[str, dict[str, Any]] = {
    "dropout, Nadam, XLA": {
        "model": {
            "defaults": {"activation": "rrelu", "dropout": {"kind": "dropout", "rate": 0.3}},
            "layers": ["flatten", {"kind": "dense", "units": 8}],
        },
        "optimizer": "nadam",
        "runtime": {"compile": "xla"},
    },
    "batch norm, one-cycle, graph": {
        "model": {
            "defaults": {"activation": "rrelu", "normalization": "batch", "dropout": {"kind": "dropout", "rate": 0.3}},
            "layers": ["flatten", {"kind": "dense", "units": 8}],
        },
        "schedule": {"kind": "one_cycle", "max_rate": 0.2, "momentum": {"high": 0.95, "low": 0.85}},
        "runtime": {"compile": "graph"},
    },
    "early stopping": {
        "optimizer": {"kind": "sgd", "learning_rate": 1.5},
        "training": {
            "batch_size": 16,
            "epochs": 12,
            "early_stopping": {"patience": 2, "min_delta": 0.02},
            "checkpoint": MID_EPOCH,
        },
    },
    "performance": {
        "optimizer": {"kind": "sgd", "learning_rate": 1.5},
        "schedule": {"kind": "performance", "patience": 1, "min_delta": 0.1},
        "training": {"batch_size": 16, "epochs": 5, "validation_every": 2, "checkpoint": MID_EPOCH},
    },
    "phases": {
        "model": {
            "defaults": {"activation": "rrelu", "normalization": "batch", "dropout": {"kind": "dropout", "rate": 0.3}},
            "layers": ["flatten", {"kind": "dense", "units": 8}, {"kind": "dense", "units": 6}],
        },
        "schedule": {"kind": "one_cycle", "max_rate": 0.2, "momentum": {"high": 0.95, "low": 0.85}},
        "training": {
            "batch_size": 16,
            "checkpoint": MID_EPOCH,
            "probe": {"every": 1},
            "phases": [
                {"epochs": 1, "freeze": ["dense_1"]},
                {"epochs": 1},
                {"epochs": 2, "freeze": ["dense_2"], "optimizer": "nadam", "schedule": "none"},
            ],
        },
    },
    "greedy pretraining, XLA": {
        "model": {
            "defaults": {"activation": "rrelu", "dropout": {"kind": "dropout", "rate": 0.3}},
            "layers": ["flatten", {"kind": "dense", "units": 8}, {"kind": "dense", "units": 6}],
        },
        "training": {
            "batch_size": 16,
            "epochs": 2,
            "checkpoint": MID_EPOCH,
            "pretraining": {
                "kind": "autoencoder",
                "greedy": True,
                "epochs": 2,
                "optimizer": "adam",
                "noise": {"kind": "dropout", "rate": 0.2},
            },
        },
        "runtime": {"compile": "xla"},
    },
    "adversarial pretraining": {
        "model": {
            "defaults": {"activation": "relu", "normalization": "batch", "dropout": {"kind": "dropout", "rate": 0.3}},
            "layers": ["flatten", {"kind": "dense", "units": 8}],
        },
        "training": {
            "batch_size": 16,
            "epochs": 2,
            "checkpoint": MID_EPOCH,
            "pretraining": {"kind": "gan", "codings": 5, "epochs": 2, "optimizer": "adam"},
        },
    },
    "metrics of classes": {
        "loss": "categorical_crossentropy",
        "metrics": [*LABEL_METRICS, {"kind": "top_k_accuracy", "k": 2}],
        "training": {
            "batch_size": 16,
            "epochs": 4,
            "checkpoint": MID_EPOCH,
            "early_stopping": {"monitor": "f1_score", "patience": 2},
        },
    },
    "metrics of numbers": {
        "data": {"source": {"kind": "npz", "path": "numbers.npz"}, "validation": {"size": 24}, "scaling": "unit"},
        "metrics": ["mae", "mse", "rmse", "mape", "msle", "log_cosh", "r2", "cosine_similarity"],
        "optimizer": {"kind": "sgd", "learning_rate": 0.02},
        "schedule": {"kind": "performance", "monitor": "r2", "patience": 1, "min_delta": 1e9},
        "training": {
            "batch_size": 16,
            "epochs": 4,
            "checkpoint": MID_EPOCH,
            "early_stopping": {"monitor": "r2", "patience": 9},
            "probe": {"every": 2},
        },
        "runtime": {"compile": "xla"},
    },
    "augmentation, class weights, batch norm": {
        "data": {
            "source": {"kind": "npz", "path": "digits.npz"},
            "validation": {"size": 24, "take": "last"},
            "scaling": "unit",
            "augment": ["flip", {"kind": "crop", "padding": 1}, "rotate", "noise", "cutmix"],
            "class_weights": {"0": 2, "2": 0.5},
        },
        "model": {
            "defaults": {"activation": "relu", "normalization": "batch"},
            "layers": ["flatten", {"kind": "dense", "units": 8}],
        },
    },
    "augmentation, balanced classes, XLA": {
        "data": {
            "source": {"kind": "npz", "path": "digits.npz"},
            "validation": {"size": 24, "take": "last"},
            "scaling": "standardize",
            "augment": ["zoom", "translate", "brightness", "contrast", {"kind": "cutout", "size": 2}, "mixup"],
            "class_weights": "balanced",
        },
        "runtime": {"compile": "xla"},
    },
    "memory map, augmentation, class weights, XLA": {
        "data": {
            "source": {"kind": "npy", **{f"{split}_{role}": f"{split}_{role}.npy" for split, role in ARRAYS}},
            "validation": {"size": 24, "take": "last"},
            "scaling": "unit",
            "augment": ["flip"],
            "class_weights": {"0": 2, "2": 0.5},
        },
        "model": {
            "defaults": {"activation": "relu", "normalization": "batch"},
            "layers": ["flatten", {"kind": "dense", "units": 8, "dropout": {"kind": "dropout", "rate": 0.3}}],
        },
        "runtime": {"compile": "xla", "memory": TOO_LITTLE},
    },
    "image folder, augmentation, balanced classes": {
        "data": {
            "source": {"kind": "images", "path": "images"},
            "validation": {"size": 24, "take": "random"},
            "scaling": "standardize",
            "augment": [{"kind": "crop", "padding": 1}, "mixup"],
            "class_weights": "balanced",
        },
        "runtime": {"compile": "graph", "memory": TOO_LITTLE},
    },
    "metrics of labels": {
        "data": {"source": LABELLED_TABLE, "validation": {"size": 24}},
        "model": {"defaults": {"activation": "relu"}, "layers": [{"kind": "dense", "units": 8}]},
        "metrics": LABEL_METRICS,
        "training": {
            "batch_size": 16,
            "epochs": 4,
            "checkpoint": MID_EPOCH,
            "early_stopping": {"monitor": "auc_roc", "patience": 9},
        },
    },
    "table with embeddings": {
        "data": {
            "source": TABLE,
            "validation": {"size": 24},
            "target_scaling": "log",
        },
        "model": {
            "defaults": {"activation": "relu", "dropout": {"kind": "dropout", "rate": 0.3}},
            "layers": [{"kind": "dense", "units": 8}],
        },
        "optimizer": "adam",
        "training": {
            "batch_size": 16,
            "checkpoint": MID_EPOCH,
            "phases": [{"epochs": 2, "freeze": ["embedding_zip"]}, {"epochs": 2}],
        },
    },
    "streamed table, batch norm, XLA": {
        "data": {"source": TABLE, "validation": {"size": 24}},
        "model": {
            "defaults": {"activation": "relu", "normalization": "batch"},
            "layers": [{"kind": "dense", "units": 8, "dropout": {"kind": "dropout", "rate": 0.3}}],
        },
        "optimizer": "nadam",
        "runtime": {"compile": "xla", "memory": TOO_LITTLE},
    },
    "mixed precision": {"runtime": {"precision": "mixed_float16"}, "optimizer": "adam"},
    "schedule-free AdamW": {"optimizer": "schedule_free_adamw", "runtime": {"compile": "graph"}},
    "stacked autoencoder": {
        "training": {
            "batch_size": 16,
            "epochs": 2,
            "checkpoint": MID_EPOCH,
            "pretraining": {"kind": "autoencoder", "greedy": False, "epochs": 2, "optimizer": "adam"},
        },
        "runtime": {"compile": "graph"},
    },
    "roll-back after the best epoch": {
        "data": {"source": {"kind": "npz", "path": "numbers.npz"}, "validation": {"size": 24}, "scaling": "unit"},
        "model": {
            "defaults": {"activation": "relu", "dropout": {"kind": "dropout", "rate": 0.3}},
            "layers": ["flatten", {"kind": "dense", "units": 8}],
        },
        "loss": "mse",
        "optimizer": "sgd",
        "schedule": {"kind": "piecewise", "boundaries": [9], "values": [0.05, 1e4], "per": "step"},
        "training": {
            "batch_size": 16,
            "epochs": 4,
            "checkpoint": MID_EPOCH,
            "on_divergence": {"kind": "roll_back", "factor": 0.01},
        },
    },
    "roll-back of a pretraining and a phase, XLA": {
        "data": {"source": {"kind": "npz", "path": "numbers.npz"}, "validation": {"size": 24}, "scaling": "unit"},
        "model": {
            "defaults": {"activation": "relu", "dropout": {"kind": "dropout", "rate": 0.3}},
            "layers": ["flatten", {"kind": "dense", "units": 8}],
        },
        "loss": "mse",
        "optimizer": {"kind": "sgd", "learning_rate": 0.05},
        "training": {
            "batch_size": 16,
            "checkpoint": {"every": {"steps": 2}, "keep": 1},
            "pretraining": {
                "kind": "autoencoder",
                "epochs": 2,
                "optimizer": {"kind": "sgd", "learning_rate": 1e8, "momentum": 0.9},
            },
            "phases": [{"epochs": 1}, {"epochs": 2, "optimizer": {"kind": "sgd", "learning_rate": 1e4}}],
            "on_divergence": {"kind": "roll_back", "factor": 1e-5, "times": 4},
        },
        "runtime": {"compile": "xla"},
    },
    "rate finder": {"schedule": {"kind": "one_cycle", "max_rate": "auto"}, "runtime": {"compile": "graph"}},
}


def all_kinds(annotation: Any) -> list[str]:
    """The kinds of a section of the spec, without `auto`."""
    return [kind for kind in kinds_of(members(annotation)) if kind != "auto"]


OPTIMIZERS, LOSSES = all_kinds(Optimizer), all_kinds(Loss)
ERROR_LOSSES = kinds_of([ErrorLoss, Huber])


def _with_kinds(optimizer: str, loss: str) -> dict[str, Any]:
    sections: dict[str, Any] = {"optimizer": optimizer, "loss": loss, "runtime": {"compile": "graph"}}
    if loss in ERROR_LOSSES:
        source = {"kind": "npz", "path": "numbers.npz"}
        sections["data"] = {"source": source, "validation": {"size": 24}, "scaling": "unit"}
        sections["model"] = {"layers": ["flatten"], "output": {"activation": "softplus"}}
    return {**sections, "training": {"batch_size": 16, "epochs": 2, "checkpoint": MID_EPOCH}}


KIND_RECIPES = {
    f"{optimizer}, {loss}": _with_kinds(optimizer, loss)
    for optimizer, loss in islice(
        zip(cycle(OPTIMIZERS), cycle(LOSSES), strict=False), max(len(OPTIMIZERS), len(LOSSES))
    )
}
"""Simple recipes with every optimizer and every loss."""
LARGE_ROWS, LARGE_SIDE = 130_000, 64
LIMITED = {
    "memory map of 530 MB, 420 MB of memory": {
        "data": {
            "source": {"kind": "npy", "train_inputs": "large.npy", "train_targets": "large_targets.npy"},
            "validation": {"size": 1000, "take": "last"},
            "scaling": "unit",
        },
        "model": {"layers": ["flatten", {"kind": "dense", "units": 4}]},
        "training": {"batch_size": 1000, "epochs": 1, "checkpoint": {"every": {"steps": 20}, "keep": 2}},
        "runtime": {"compile": "graph", "memory": 0.1},
    }
}
"""A recipe with more data than the memory that its process may have, see `MEGABYTES`."""
MEGABYTES = dict.fromkeys(LIMITED, 420)
"""How much more memory the process of a recipe may have than it has when it starts. Mapped files do not count."""
ALL_RECIPES = RECIPES | KIND_RECIPES | LIMITED


def spec_of(recipe: str, folder: Path, *, readers: int = 2) -> Path:
    """Write the spec of a recipe, and the data that it names."""
    write_numbers(folder / "numbers.npz")
    write_table(folder)
    training = {"batch_size": 16, "epochs": 4, "checkpoint": MID_EPOCH}
    runtime = {**ALL_RECIPES[recipe].get("runtime", {}), "readers": readers}
    spec = write_spec(folder, **{"training": training, **ALL_RECIPES[recipe], "runtime": runtime})
    with np.load(folder / "digits.npz") as digits:
        _write_files(folder, {split: (digits[f"x_{split}"], digits[f"y_{split}"]) for split in ("train", "test")})
    if recipe in LIMITED:
        _write_large(folder)
    return spec


def _write_files(folder: Path, digits: dict[str, tuple[Any, Any]]) -> None:
    """The digits as NumPy files and as image files."""
    for split, (inputs, targets) in digits.items():
        np.save(folder / f"{split}_inputs.npy", inputs)
        np.save(folder / f"{split}_targets.npy", targets)
        images = {
            f"{split}/{target}/{n}.png": image for n, (image, target) in enumerate(zip(inputs, targets, strict=True))
        }
        write_folder(folder / "images", images)


def _write_large(folder: Path) -> None:
    """A file of 530 MB: the first row of an image shows its class, the rest is 0."""
    targets = np.random.default_rng(0).integers(0, 3, LARGE_ROWS)
    shape = (LARGE_ROWS, LARGE_SIDE, LARGE_SIDE)
    images = np.lib.format.open_memmap(folder / "large.npy", "w+", np.uint8, shape)
    images[:, 0] = 80 * targets[:, None]
    np.save(folder / "large_targets.npy", targets)


NEVER = (killed.BY_THE_CLOCK, 10**9)
"""A point that no training reaches."""


def saved_models(run: RunRecord) -> dict[str, Any]:
    """The contents of model.keras and last.keras: every array, also of the optimizer, and how the model is compiled."""
    found: dict[str, Any] = {}
    for path in (run.folder.model, run.folder.last_model):
        with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
            arrays: dict[str, bytes] = {}
            weights.visititems(lambda name, item, arrays=arrays: _keep(arrays, name, item))
            found[path.name] = arrays, json.loads(archive.read("config.json"))["compile_config"]
    return found


def _keep(arrays: dict[str, bytes], name: str, item: Any) -> None:
    if isinstance(item, h5py.Dataset):
        arrays[name] = np.asarray(item).tobytes()


def write_every_checkpoint(patch: pytest.MonkeyPatch) -> None:
    """Make training wait for every checkpoint, so that none is skipped while another is being written."""
    save = Checkpointer.save
    patch.setattr(Checkpointer, "save", lambda *given, **options: save(*given, **{**options, "wait": True}))


def run_killed(
    action: str,
    what: Path,
    runs: Path,
    point: str,
    n: int,
    *overrides: str,
    waits: bool = False,
    megabytes: int | None = None,
    fresh: bool = False,
) -> bool:
    """Run a training that kills itself at a point; return whether it was killed before it ended.

    Args:
        waits: whether training waits for every checkpoint, so that the N-th occurrence is the same in every process.
        megabytes: how much more memory the process may have than it has when it starts.
        fresh: whether a new interpreter runs it, instead of a forked one.

    Raises:
        AssertionError: the training failed.
    """
    words = [action, str(what), str(runs), point, str(n), *overrides]
    variables = ({killed.WAITING: "1"} if waits else {}) | ({killed.MEGABYTES: str(megabytes)} if megabytes else {})
    done = run_fresh(words, variables) if fresh else forked.run(killed.main, *words, variables=variables)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def run_fresh(words: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `killed.py` in a new process, which ends with this one."""
    tied = tied_to_this_process()
    tied["env"] |= variables
    return subprocess.run(
        [sys.executable, killed.__file__, *words], capture_output=True, text=True, check=False, **tied
    )


def kill_at(action: str, what: Path, runs: Path, point: str, n: int, *overrides: str, **options: Any) -> None:
    """Run a training that kills itself at a point, and check that it did."""
    assert run_killed(action, what, runs, point, n, *overrides, waits=True, **options)

"""Damaged runs with a model, for the commands that load, train or change it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from attack.attack import Attack, Outcome
from attack.damage import mutate_store
from attack.in_process import call_each
from attack.stores import remove
from dnnctl.commands.train import train
from sample_specs import write_spec

COMMANDS = (
    ["evaluate", "RUN"],
    ["evaluate", "RUN", "--accept-altered", "--weights", "last", "--on", "validation"],
    ["predict", "RUN", "runs/inputs.npy", "-o", "runs/predictions.npz", "--force", "--accept-altered"],
    ["prune", "RUN", "--sparsity", "0.5"],
    ["fork", "RUN", "--set", "training.epochs=4"],
    ["resume", "RUN"],
)
"""Commands, where RUN is the path of the damaged run."""


def attack(seed: int) -> Attack:
    """The attack of a seed; each third one is made on an unfinished run, which can be resumed."""
    return Attack("models", seed, lambda folder: _act(folder, seed, is_finished=seed % 3 > 0))


def _act(folder: Path, seed: int, *, is_finished: bool) -> Iterator[Outcome]:
    run = Path(shutil.copytree(_trained(), folder / "runs" / _trained().name))
    np.save(folder / "runs" / "inputs.npy", np.zeros((2, 6, 6), np.uint8))
    if not is_finished:
        (run / "summary.json").unlink()
        history = run / "history.jsonl"
        history.write_text(history.read_text().splitlines(keepends=True)[0])
    mutate_store(run, seed)
    yield from call_each(folder, [[word.replace("RUN", str(run)) for word in command] for command in COMMANDS])
    yield from remove(folder, run)


@cache
def _trained() -> Path:
    """The folder of a finished run."""
    folder = Path(tempfile.mkdtemp())
    return train(write_spec(folder, training={"batch_size": 16, "epochs": 2}), runs_dir=folder / "runs").path

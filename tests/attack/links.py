"""Run folders from somebody else, with links and special files in the place of a run's files."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from attack.attack import Attack, Outcome
from attack.in_process import call_each
from dnnctl.store.record import RunRecord
from stored import store_run

PLACES = (
    ".lock", "log.txt", "history.jsonl", "metrics.jsonl", "pretraining.jsonl", "run.json", "summary.json", "spec.yaml",
    "source.yaml", "predictions.npz", "model.keras", "last.keras", "checkpoints", "origin", "tensorboard", "",
    "../.trash", ".run.partial.json", ".summary.partial.json", ".history.partial.jsonl", "checkpoints/.partial",
)  # fmt: skip
"""Paths in a run's folder; the empty one is the folder itself."""
KINDS: dict[str, Callable[[Path, Path], None]] = {
    "symbolic link to a file": lambda path, outside: path.symlink_to(outside / "canary.txt"),
    "symbolic link to a directory": lambda path, outside: path.symlink_to(outside / "directory"),
    "symbolic link to nothing": lambda path, outside: path.symlink_to(outside / "directory" / "new.txt"),
    "hard link": lambda path, outside: path.hardlink_to(outside / "canary.txt"),
    "FIFO": lambda path, _: os.mkfifo(path),
    "directory": lambda path, _: path.mkdir(),
}
COMMANDS = (
    ["list", "--disk"],
    ["show", "foreign"],
    ["show", "--json", "foreign"],
    ["compare", "foreign", "mine"],
    ["report", "foreign", "-o", "runs/report.html"],
    ["resume", "foreign"],
    ["fork", "foreign", "--set", "training.epochs=9"],
    ["evaluate", "foreign"],
    ["prune", "foreign", "--sparsity", "0.5"],
    ["remove", "--dry-run", "foreign"],
    ["remove", "foreign", "--yes"],
    ["remove", "--restore"],
    ["remove", "foreign", "--yes"],
    ["remove", "--purge", "--yes"],
)


def attack(seed: int) -> Attack:
    """The attack of a seed: first each place with each kind of link, then several at once."""
    pairs = [(place, kind) for place in PLACES for kind in KINDS]
    draw = random.Random(seed)
    chosen = [pairs[seed]] if seed < len(pairs) else draw.sample(pairs, 3)
    name = ", ".join(f"{place or 'the folder'} is a {kind}" for place, kind in chosen)
    return Attack(f"links: {name}", seed, lambda folder: _act(folder, chosen, is_finished=draw.random() < 0.5))


def _act(folder: Path, chosen: list[tuple[str, str]], *, is_finished: bool) -> list[Outcome]:
    runs = Path(shutil.copytree(_store(), folder / "runs", symlinks=True))
    (run,) = (path for path in runs.iterdir() if "foreign" in path.name)
    if not is_finished:
        (run / "summary.json").unlink()
    for place, kind in chosen:
        _replace(Path(os.path.normpath(run / place)), KINDS[kind], folder / "outside")
    return call_each(folder, COMMANDS)


def _replace(path: Path, put: Callable[[Path, Path], None], outside: Path) -> None:
    """Put a link, or another kind of file, in the place of what is at a path, unless its folder has been replaced."""
    if any(folder.is_symlink() or (folder.exists() and not folder.is_dir()) for folder in path.parents):
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    if path.name:
        put(path, outside)


@cache
def _store() -> Path:
    """A store with a foreign run and a run of the user."""
    folder = Path(tempfile.mkdtemp()) / "runs"
    for seed, name in enumerate(("foreign", "mine")):
        _complete(store_run(folder, name, seed=seed))
    return folder


def _complete(run: RunRecord) -> None:
    """Give a run the files that only training writes."""
    run.folder.spec.write_text((Path(__file__).parents[2] / "dnnctl" / "presets" / "tabular.yaml").read_text())
    run.folder.log.write_text("run\n")
    run.folder.model.write_bytes(b"PK\x03\x04 no model")
    (run.path / "tensorboard" / "train").mkdir(parents=True)
    checkpoint = run.folder.checkpoints / "epoch-0001-step-10"
    checkpoint.mkdir(parents=True)
    for name in ("state.npz", "state.json", "manifest.json"):
        (checkpoint / name).write_text("{}")

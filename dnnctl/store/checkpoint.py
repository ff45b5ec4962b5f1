"""Checkpoints on disk: folders that are complete or absent. Damage can be detected.

A checkpoint is written to a temporary folder in the same directory, every file is synced, and the folder is renamed
once. Its manifest contains the SHA-256 of each file, so damage is detected before any file is used.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dnnctl.store.digest import sha256_of
from dnnctl.store.files import make_directory, open_to_read, sync
from dnnctl.store.json_object import plain, read_object

STATE_ARRAYS = "state.npz"
STATE = "state.json"
MANIFEST = "manifest.json"
FORMAT = 2
NAME = re.compile(r"epoch-(\d{4,})-step-(\d+)")
ASIDE = ".partial-"


@dataclass(frozen=True)
class Manifest:
    """manifest.json: what a checkpoint's folder contains."""

    format: int
    checkpoint: str
    """The folder's name."""
    files: dict[str, str]
    """The SHA-256 of each file, in hexadecimal."""


@dataclass(frozen=True, order=True)
class Checkpoint:
    """One checkpoint. Checkpoints sort by step."""

    step: int
    """Steps since the start of the run."""
    epoch: int
    """Finished epochs."""
    path: Path

    @property
    def name(self) -> str:
        """Its folder's name."""
        return self.path.name

    @property
    def arrays(self) -> Path:
        """Every variable, as NumPy arrays."""
        return self.path / STATE_ARRAYS

    @property
    def state(self) -> Path:
        """The state of the training, except its variables, as JSON."""
        return self.path / STATE

    @property
    def manifest(self) -> Path:
        """The digests of its files, as JSON."""
        return self.path / MANIFEST

    def damage(self) -> str | None:
        """What is wrong with the checkpoint; None if every byte is as it was written."""
        if not self.manifest.exists():
            return f"{MANIFEST} is missing"
        manifest, damages = read_object(self.manifest, Manifest)
        if manifest is None or damages:
            return f"its {damages[0]}"
        if manifest.format != FORMAT:
            return f"its format is {manifest.format}, but this version of dnnctl reads format {FORMAT}"
        if set(manifest.files) != {STATE, STATE_ARRAYS} or manifest.checkpoint != self.name:
            return f"its {MANIFEST} belongs to another checkpoint"
        changes = (_change_of(self.path / name, digest) for name, digest in manifest.files.items())
        return next((change for change in changes if change is not None), None)


def _change_of(path: Path, digest: str) -> str | None:
    """What has happened to a file since its digest was recorded."""
    try:
        return None if sha256_of(path) == digest else f"{path.name} has changed since it was written"
    except FileNotFoundError:
        return f"{path.name} is missing"
    except OSError as error:
        return f"{path.name} cannot be read: {error.strerror or error}"


def name_of_checkpoint(*, epoch: int, step: int) -> str:
    """The name of its folder."""
    return f"epoch-{epoch:04d}-step-{step}"


def list_checkpoints(folder: Path) -> list[Checkpoint]:
    """The checkpoints of a run, oldest first."""
    try:
        entries = [entry for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = [(NAME.fullmatch(entry.name), entry) for entry in entries]
    return sorted(Checkpoint(int(match[2]), int(match[1]), entry) for match, entry in found if match)


def nearest_checkpoint(folder: Path, step: int, *, after: int = -1) -> tuple[Checkpoint | None, list[str]]:
    """The newest intact checkpoint in which at most `step` and more than `after` steps are finished, if there is one.

    Returns the checkpoint, and the newer ones that are damaged, each with the reason.
    """
    damaged: list[str] = []
    for checkpoint in reversed(list_checkpoints(folder)):
        if after < checkpoint.step <= step:
            damage = checkpoint.damage()
            if damage is None:
                return checkpoint, damaged
            damaged.append(f"{checkpoint.name}: {damage}")
    return None, damaged


def write_checkpoint(
    folder: Path, *, epoch: int, step: int, state: Mapping[str, Any], write_arrays: Callable[[Path], None]
) -> Checkpoint:
    """Write and sync a checkpoint; it replaces a checkpoint of the same name.

    Raises:
        OSError: the disk is full or cannot be written to. Other checkpoints do not change.
    """
    name = name_of_checkpoint(epoch=epoch, step=step)
    aside = folder / f"{ASIDE}{name}"
    make_directory(folder)
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir()
        write_arrays(aside / STATE_ARRAYS)
        (aside / STATE).write_text(json.dumps(state), encoding="utf-8")
        files = {each: sha256_of(aside / each) for each in (STATE, STATE_ARRAYS)}
        manifest = Manifest(FORMAT, name, files)
        (aside / MANIFEST).write_text(json.dumps(plain(manifest), indent=2), encoding="utf-8")
        for each in (STATE, STATE_ARRAYS, MANIFEST):
            sync(aside / each)
        sync(aside)
        _put_in_place(aside, folder / name)
        sync(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return Checkpoint(step, epoch, folder / name)


def copy_checkpoint(checkpoint: Checkpoint, folder: Path) -> Checkpoint:
    """Copy a checkpoint into another folder and sync it.

    Raises:
        OSError: the disk is full or cannot be written to, or the checkpoint has just been removed.
    """
    aside = folder / f"{ASIDE}{checkpoint.name}"
    make_directory(folder)
    aside.mkdir()
    for name in (STATE, STATE_ARRAYS, MANIFEST):
        with open_to_read(checkpoint.path / name) as source, (aside / name).open("xb") as target:
            shutil.copyfileobj(source, target)
        sync(aside / name)
    sync(aside)
    aside.rename(folder / checkpoint.name)
    sync(folder)
    return Checkpoint(checkpoint.step, checkpoint.epoch, folder / checkpoint.name)


def remove_after(folder: Path, checkpoint: Checkpoint) -> None:
    """Remove all checkpoints that are newer than the given one."""
    for each in list_checkpoints(folder):
        if each > checkpoint:
            _remove(each.path)


def remove_old(folder: Path, *, keep: int, best_epoch: int, anchor: str = "") -> None:
    """Remove all checkpoints except the newest `keep`, the one at the end of the best epoch, and the anchor."""
    checkpoints = list_checkpoints(folder)
    ends = [checkpoint for checkpoint in checkpoints if checkpoint.epoch == best_epoch]
    kept = {*checkpoints[-keep:], *ends[:1], *(each for each in checkpoints if each.name == anchor)}
    for checkpoint in checkpoints:
        if checkpoint not in kept:
            _remove(checkpoint.path)
    for entry in folder.iterdir():
        if entry.name.startswith(ASIDE):
            shutil.rmtree(entry, ignore_errors=True)


def _put_in_place(aside: Path, target: Path) -> None:
    doomed = _move_aside(target) if target.exists() else None
    aside.rename(target)
    if doomed is not None:
        shutil.rmtree(doomed, ignore_errors=True)


def _remove(path: Path) -> None:
    """Remove a checkpoint."""
    shutil.rmtree(_move_aside(path), ignore_errors=True)


def _move_aside(path: Path) -> Path:
    """Rename a checkpoint before it is removed, so that readers never see part of one; return its new path."""
    doomed = path.with_name(f"{ASIDE}doomed-{path.name}")
    shutil.rmtree(doomed, ignore_errors=True)
    return path.rename(doomed)

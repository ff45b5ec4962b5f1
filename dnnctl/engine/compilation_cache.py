"""A cache of programs that XLA has compiled, for later processes: compiling takes most of the start-up time."""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import platform
import stat
from contextlib import suppress
from pathlib import Path

from dnnctl.store.cache import cache_directory
from dnnctl.store.environment import installed_version
from dnnctl.store.files import read_text, write_text

MOST_BYTES = 64 * 1024 * 1024
PACKAGES = ("tensorflow", "tensorflow-cpu", "keras")
SEAL = ".sha256"
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def use_compilation_cache() -> None:
    """Make XLA cache its CPU programs in `DNNCTL_CACHE_DIR`, by default `~/.cache/dnnctl`; an empty value turns it off.

    Call it before TensorFlow is imported. Each combination of versions and processor has its own folder, so that a home
    folder shared by different machines is safe. A program is used only if its bytes are still those that a process
    sealed when it ended normally; TensorFlow itself would run a damaged program, or abort. And it is used only if no
    other user can change it: TensorFlow runs whatever is in the file.
    """
    given = os.environ.get("TF_XLA_FLAGS", "")
    root = cache_directory()
    if root is None or "persistent_cache" in given:
        return
    folder = _folders(root)[-1]
    try:
        _make_private(folder)
        is_sound = " " not in str(folder) and not cache_warnings() and _enter(folder)
    except OSError:
        return
    if not is_sound:
        return
    ours = f"--tf_xla_persistent_cache_directory={folder} --tf_xla_persistent_cache_device_types=CPU"
    os.environ["TF_XLA_FLAGS"] = f"{given} {ours}".strip()
    atexit.register(seal, folder)


def cache_warnings() -> list[str]:
    """Why the cache is not used although it is turned on: somebody else could put programs into it."""
    root = cache_directory()
    if root is None:
        return []
    for folder in _folders(root):
        try:
            status = folder.stat() if folder == root else folder.lstat()
        except OSError:
            continue  # nothing can be in it
        danger = _danger(status)
        if danger is not None and not (folder == root and _is_sticky(status)):
            return [
                f"The cache of compiled programs is not used, because {folder} {danger}. Set DNNCTL_CACHE_DIR to a "
                f"directory that only you can write to; an empty value turns the cache off."
            ]
    return []


def _enter(folder: Path) -> bool:
    """Share the folder with other processes until this one ends; false if it contains programs that must not be used.

    Nothing is removed while another process may be about to read it.
    """
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove_unsealed(folder)
    except BlockingIOError:
        pass
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return all(map(_is_sealed, folder.glob("*.pb")))


def remove_unsealed(folder: Path) -> None:
    """Remove every program that must not be used, and the oldest programs beyond the limit."""
    size = 0
    for program in sorted(folder.glob("*.pb"), key=lambda file: file.lstat().st_mtime, reverse=True):
        size += program.lstat().st_size
        if size > MOST_BYTES or not _is_sealed(program):
            program.unlink(missing_ok=True)
            _seal_of(program).unlink(missing_ok=True)


def seal(folder: Path) -> None:
    """Record the digest of every program that has none yet, and let only the user write to it."""
    with suppress(OSError):
        for program in folder.glob("*.pb"):
            if not _seal_of(program).exists() and not program.is_symlink():
                program.chmod(PRIVATE_FILE)
                write_text(_seal_of(program), _digest(program))
                _seal_of(program).chmod(PRIVATE_FILE)


def _seal_of(program: Path) -> Path:
    return program.with_suffix(SEAL)


def _is_sealed(program: Path) -> bool:
    """Whether a program is the one that was sealed, and only the user can write to it and to its seal."""
    try:
        are_private = all(_danger(path.lstat()) is None for path in (program, _seal_of(program)))
        return are_private and read_text(_seal_of(program)) == _digest(program)
    except (OSError, UnicodeDecodeError):
        return False


def _danger(status: os.stat_result) -> str | None:
    """Why somebody else could change a file or folder; None if only the user can."""
    if stat.S_ISLNK(status.st_mode):
        return "is a link"
    if status.st_uid != os.geteuid():
        return "belongs to another user"
    return "can be written to by other users" if status.st_mode & OTHERS_MAY_WRITE else None


def _is_sticky(status: os.stat_result) -> bool:
    """Whether a folder is like /tmp: everybody can write to it, but only remove and rename what is theirs."""
    return bool(status.st_mode & stat.S_ISVTX) and status.st_uid in (os.geteuid(), 0)


def _folders(root: Path) -> list[Path]:
    """The cache's root, the folder of all programs, and the folder of those that this process can use."""
    return [root, root / "programs", root / "programs" / _key()]


def _make_private(folder: Path) -> None:
    """Make a folder and its parents, each for the user only."""
    for each in [*reversed(folder.parents), folder]:
        if not each.exists():
            each.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def _digest(program: Path) -> str:
    return hashlib.sha256(program.read_bytes()).hexdigest()


def _key() -> str:
    """A digest of everything that a program depends on, except the network: versions and the processor's features."""
    facts = [platform.machine(), platform.processor(), *map(installed_version, PACKAGES)]
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        facts += sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))})
    except OSError:
        pass
    return hashlib.sha256("\n".join(map(str, facts)).encode()).hexdigest()[:16]

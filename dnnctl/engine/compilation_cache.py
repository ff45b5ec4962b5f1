"""A cache of programs that XLA has compiled, for later processes: compiling takes most of the start-up time."""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import platform
from contextlib import suppress
from pathlib import Path

from dnnctl.store.cache import cache_directory
from dnnctl.store.environment import installed_version
from dnnctl.store.files import write_text

MOST_BYTES = 64 * 1024 * 1024
PACKAGES = ("tensorflow", "tensorflow-cpu", "keras")
SEAL = ".sha256"


def use_compilation_cache() -> None:
    """Make XLA cache its CPU programs in `DNNCTL_CACHE_DIR`, by default `~/.cache/dnnctl`; an empty value turns it off.

    Call it before TensorFlow is imported. Each combination of versions and processor has its own folder, so that a home
    folder shared by different machines is safe. A program is used only if its bytes are still those that a process
    sealed when it ended normally; TensorFlow itself would run a damaged program, or abort.
    """
    given = os.environ.get("TF_XLA_FLAGS", "")
    root = cache_directory()
    if root is None or "persistent_cache" in given:
        return
    folder = root / "programs" / _key()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        is_sound = " " not in str(folder) and _enter(folder)
    except OSError:
        return
    if not is_sound:
        return
    ours = f"--tf_xla_persistent_cache_directory={folder} --tf_xla_persistent_cache_device_types=CPU"
    os.environ["TF_XLA_FLAGS"] = f"{given} {ours}".strip()
    atexit.register(seal, folder)


def _enter(folder: Path) -> bool:
    """Share the folder with other processes until this one ends; false if it contains programs that must not be used.

    Nothing is removed while another process may be about to read it.
    """
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove_unsealed(folder)
    except BlockingIOError:
        pass
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return all(map(_is_sealed, folder.glob("*.pb")))


def remove_unsealed(folder: Path) -> None:
    """Remove every program that is not sealed or differs from its seal, and the oldest programs beyond the limit."""
    size = 0
    for program in sorted(folder.glob("*.pb"), key=lambda file: file.stat().st_mtime, reverse=True):
        size += program.stat().st_size
        if size > MOST_BYTES or not _is_sealed(program):
            program.unlink(missing_ok=True)
            _seal_of(program).unlink(missing_ok=True)


def seal(folder: Path) -> None:
    """Record the digest of every program that has none yet."""
    with suppress(OSError):
        for program in folder.glob("*.pb"):
            if not _seal_of(program).exists():
                write_text(_seal_of(program), _digest(program))


def _seal_of(program: Path) -> Path:
    return program.with_suffix(SEAL)


def _is_sealed(program: Path) -> bool:
    try:
        return _seal_of(program).read_text(encoding="utf-8") == _digest(program)
    except OSError:
        return False


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

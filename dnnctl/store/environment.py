"""The environment that a run records: versions, processor, repository, command."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dnnctl.store.facts import GitFacts

EXACT_PACKAGES = ("dnnctl", "tensorflow", "keras", "numpy")
"""The packages whose versions affect the bits of a result."""
PACKAGES = ("dnnctl", "tensorflow", "keras", "numpy", "pydantic")


def own_command() -> tuple[str, ...]:
    """The command that started this process, as a user would type it."""
    program, *arguments = sys.argv
    is_dnnctl = Path(program).name in ("dnnctl", "__main__.py")
    return ("dnnctl" if is_dnnctl else program, *arguments)


def installed_version(package: str) -> str | None:
    """The version of an installed package, found without importing it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def installed_versions() -> dict[str, str | None]:
    """The versions of Python and of the packages that a result depends on."""
    return {"python": platform.python_version(), **{name: installed_version(name) for name in PACKAGES}}


def processor_name() -> str:
    """The model name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def git_state() -> GitFacts | None:
    """The commit of the working directory and whether it has changes; None outside a repository."""
    commit = _git("rev-parse", "HEAD")
    if not commit:
        return None
    return GitFacts(commit, changed=bool(_git("status", "--porcelain", "--untracked-files=no")))


def _git(*arguments: str) -> str | None:
    try:
        reply = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return reply.stdout.strip() if reply.returncode == 0 else None

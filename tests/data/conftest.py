"""Data files that tests read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import md5, sha256
from pathlib import Path

import pytest

from dnnctl.data import cifar, mnist


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DNNCTL_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Declare that files that a test has made are the published ones."""

    def declare(path: Path) -> None:
        archives = {"CIFAR10_ARCHIVE": cifar.CIFAR10_ARCHIVE, "CIFAR100_ARCHIVE": cifar.CIFAR100_ARCHIVE}
        if path.is_dir():
            digests = {file.name: md5(file.read_bytes()).hexdigest() for file in path.iterdir()}
            (name,) = (name for name, archive in archives.items() if archive.name == path.name)
            monkeypatch.setattr(cifar, name, replace(archives[name], md5=digests))
            return
        digest = sha256(path.read_bytes()).hexdigest()
        if path.name == "mnist.npz":
            monkeypatch.setattr(mnist, "FILE", replace(mnist.FILE, sha256=digest))
        else:
            archive = cifar.CIFAR10_ARCHIVE
            changed = replace(archive, file=replace(archive.file, sha256=digest))
            monkeypatch.setattr(cifar, "CIFAR10_ARCHIVE", changed)

    return declare

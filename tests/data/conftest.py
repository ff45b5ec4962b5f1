"""Data files that tests read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import md5, sha256
from pathlib import Path

import pytest

from dnnctl.data.sources import cifar10, cifar100, mnist


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DNNCTL_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Declare that files that a test has made are the published ones."""

    def declare(path: Path) -> None:
        if path.is_dir():
            digests = {file.name: md5(file.read_bytes()).hexdigest() for file in path.iterdir()}
            (module,) = (module for module in (cifar10, cifar100) if module.ARCHIVE.name == path.name)
            monkeypatch.setattr(module, "ARCHIVE", replace(module.ARCHIVE, md5=digests))
            return
        digest = sha256(path.read_bytes()).hexdigest()
        if path.name == "mnist.npz":
            monkeypatch.setattr(mnist, "FILE", replace(mnist.FILE, sha256=digest))
        else:
            archive = cifar10.ARCHIVE
            monkeypatch.setattr(cifar10, "ARCHIVE", replace(archive, file=replace(archive.file, sha256=digest)))

    return declare

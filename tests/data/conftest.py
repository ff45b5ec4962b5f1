"""Data files that tests read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import md5, sha256
from pathlib import Path

import pytest

from dnnctl.data.sources import california_housing, cifar10, cifar100, mnist

FILES = {"mnist.npz": mnist, "california_housing.npz": california_housing}


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
        if path.name in FILES:
            module = FILES[path.name]
            monkeypatch.setattr(module, "FILE", replace(module.FILE, sha256=digest))
        else:
            archive = cifar10.ARCHIVE
            monkeypatch.setattr(cifar10, "ARCHIVE", replace(archive, file=replace(archive.file, sha256=digest)))

    return declare

"""A data set is cached exactly if its loader reads it without a download."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dnnctl.data.cached_datasets import cached_datasets
from dnnctl.data.source import load_source
from dnnctl.data.sources.fashion_mnist import FILES
from dnnctl.specs.source import BuiltIn
from sample_specs import write_cifar10

CIFAR10 = "cifar-10-batches-py"


def test_an_empty_cache_has_the_bundled_sample_alone() -> None:
    assert cached_datasets() == ["fashion_mnist_sample"]


@pytest.mark.parametrize("layout", [f"{CIFAR10}-target/{CIFAR10}", CIFAR10, "archive"])
def test_a_layout_of_cifar_that_loads_is_found(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, published: Callable[[Path], None]
) -> None:
    monkeypatch.setenv("DNNCTL_DATA_DIR", str(tmp_path / "cache"))
    folder = tmp_path / (f"made/{CIFAR10}" if layout == "archive" else f"cache/{layout}")
    write_cifar10(folder)
    published(folder)
    if layout == "archive":
        (tmp_path / "cache").mkdir()
        with tarfile.open(tmp_path / "cache" / "cifar-10-python.tar.gz", "w:gz") as archive:
            archive.add(folder, CIFAR10)
        published(tmp_path / "cache" / "cifar-10-python.tar.gz")
    assert cached_datasets() == ["fashion_mnist_sample", "cifar10"]
    assert len(load_source(BuiltIn(kind="cifar10")).train) == 20


def test_an_empty_folder_or_a_part_of_the_files_is_no_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNNCTL_DATA_DIR", str(tmp_path))
    (tmp_path / f"{CIFAR10}-target").mkdir()
    (tmp_path / "fashion-mnist").mkdir()
    (tmp_path / "fashion-mnist" / next(iter(FILES))).write_bytes(b"")
    assert cached_datasets() == ["fashion_mnist_sample"]

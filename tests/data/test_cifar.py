"""CIFAR-10 and CIFAR-100, on files made in their format."""

from __future__ import annotations

import io
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dnnctl.data import cifar
from dnnctl.data.source import load_source
from dnnctl.errors import DataError
from dnnctl.specs.source import BuiltIn
from sample_specs import cifar_batch, write_cifar10

Published = Callable[[Path], None]


@pytest.mark.parametrize("layout", ["cifar-10-batches-py-target/cifar-10-batches-py", "cifar-10-batches-py"])
def test_cifar10_is_read_from_both_layouts_of_keras(cache: Path, layout: str, published: Published) -> None:
    """Labels are a row, images (N, 32, 32, 3) with the channels last; the oracle is the files' definition."""
    write_cifar10(cache / layout)
    published(cache / layout)
    raw = load_source(BuiltIn(kind="cifar10"))
    assert raw.train.inputs.shape == (20, 32, 32, 3)
    assert raw.train.targets.shape == (20,)
    assert raw.test is not None
    first = np.random.default_rng(1).integers(0, 256, (4, 3072), dtype=np.uint8)[0]
    assert raw.train.inputs[0, 5, 7].tolist() == [first[channel * 1024 + 5 * 32 + 7] for channel in range(3)]


def test_cifar10_is_unpacked_from_its_archive(cache: Path, published: Published) -> None:
    write_cifar10(cache / "made" / "cifar-10-batches-py")
    with tarfile.open(cache / "cifar-10-python.tar.gz", "w:gz") as archive:
        archive.add(cache / "made" / "cifar-10-batches-py", "cifar-10-batches-py")
    with pytest.raises(DataError, match=r"cifar-10-python\.tar\.gz is damaged or altered \(sha256"):
        load_source(BuiltIn(kind="cifar10"))
    published(cache / "cifar-10-python.tar.gz")
    published(cache / "made" / "cifar-10-batches-py")
    assert len(load_source(BuiltIn(kind="cifar10")).train) == 20
    assert (cache / "cifar-10-batches-py-target" / "cifar-10-batches-py" / "test_batch").is_file()


def test_cifar100_has_fine_labels_and_their_names(cache: Path, published: Published) -> None:
    folder = cache / "cifar-100-python-target" / "cifar-100-python"
    folder.mkdir(parents=True)
    (folder / "train").write_bytes(cifar_batch(5, 1, b"fine_labels"))
    (folder / "test").write_bytes(cifar_batch(2, 2, b"fine_labels"))
    (folder / "meta").write_bytes(pickle.dumps({b"fine_label_names": [b"apple", b"bear"]}, protocol=2))
    with pytest.raises(DataError, match=r"train is damaged or altered \(md5"):
        load_source(BuiltIn(kind="cifar100"))
    published(folder)
    raw = load_source(BuiltIn(kind="cifar100"))
    assert (len(raw.train), raw.class_names) == (5, ("apple", "bear"))


@pytest.mark.parametrize("name", ["data_batch_1", "data_batch_5", "test_batch"])
def test_a_flipped_pixel_is_noticed(cache: Path, name: str, published: Published) -> None:
    write_cifar10(cache / "cifar-10-batches-py")
    published(cache / "cifar-10-batches-py")
    path = cache / "cifar-10-batches-py" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{name} is damaged or altered"):
        load_source(BuiltIn(kind="cifar10"))


def test_a_pickle_that_asks_for_code_is_refused(cache: Path, published: Published) -> None:
    write_cifar10(cache / "cifar-10-batches-py")
    buffer = io.BytesIO(b"cposix\nsystem\n(S'true'\ntR.")
    (cache / "cifar-10-batches-py" / "data_batch_1").write_bytes(buffer.getvalue())
    published(cache / "cifar-10-batches-py")
    with pytest.raises(DataError, match=r"refers to posix.system"):
        load_source(BuiltIn(kind="cifar10"))


def test_only_harmless_names_are_unpickled() -> None:
    assert {name for _, name in cifar.HARMLESS} == {"_reconstruct", "ndarray", "dtype", "encode"}

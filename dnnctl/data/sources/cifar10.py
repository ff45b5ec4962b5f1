"""CIFAR-10: 60,000 colour images, 32 × 32 pixels, ten classes.

Source: Krizhevsky, 2009.
"""

from __future__ import annotations

import numpy as np

from dnnctl.data import cifar
from dnnctl.data.cache import Progress, RemoteFile
from dnnctl.data.dataset import Part, RawData
from dnnctl.specs.class_names import CIFAR10
from dnnctl.specs.source import BuiltIn

ARCHIVE = cifar.Archive(
    "cifar-10-batches-py",
    RemoteFile(
        "cifar-10-batches-py-target_archive",
        cifar.URL + "cifar-10-python.tar.gz",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    ),
    {
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "40351d587109b95175f43aff81a1287e",
    },
)
TRAIN_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))


def load(_source: BuiltIn, progress: Progress) -> RawData:
    """All 50,000 training and 10,000 test images, from the cache; labels are (N,), not (N, 1) as in Keras."""
    folder = cifar.unpacked(ARCHIVE, progress)
    batches = [cifar.read_batch(folder / name, b"labels") for name in TRAIN_BATCHES]
    train = Part(
        np.concatenate([batch.inputs for batch in batches]), np.concatenate([batch.targets for batch in batches])
    )
    return RawData(train, cifar.read_batch(folder / "test_batch", b"labels"), "classes", CIFAR10)


def is_cached() -> bool:
    """Whether the data set loads without a download."""
    return cifar.is_cached(ARCHIVE)

"""CIFAR-100: 60,000 colour images, 32 × 32 pixels, a hundred classes.

Source: Krizhevsky, 2009.
"""

from __future__ import annotations

from dnnctl.data import cifar
from dnnctl.data.cache import Progress, RemoteFile
from dnnctl.data.dataset import RawData
from dnnctl.specs.source import BuiltIn

ARCHIVE = cifar.Archive(
    "cifar-100-python",
    RemoteFile(
        "cifar-100-python-target_archive",
        cifar.URL + "cifar-100-python.tar.gz",
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    ),
    {
        "train": "16019d7e3df5f24257cddd939b257f8d",
        "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
        "meta": "7973b15100ade9c7d40fb424638fde48",
    },
)


def load(_source: BuiltIn, progress: Progress) -> RawData:
    """All 50,000 training and 10,000 test images with their fine labels, from the cache."""
    folder = cifar.unpacked(ARCHIVE, progress)
    names = cifar.unpickle(folder / "meta")[b"fine_label_names"]
    train, test = (cifar.read_batch(folder / name, b"fine_labels") for name in ("train", "test"))
    return RawData(train, test, "classes", tuple(name.decode() for name in names))


def is_cached() -> bool:
    """Whether the data set loads without a download."""
    return cifar.is_cached(ARCHIVE)

"""The built-in data sets that load without a download."""

from __future__ import annotations

from collections.abc import Callable

from dnnctl.data import cifar, fashion_mnist, mnist
from dnnctl.data.cache import cached

IS_CACHED: dict[str, Callable[[], bool]] = {
    "fashion_mnist_sample": lambda: True,
    "fashion_mnist": lambda: all(cached(file) for file in fashion_mnist.FILES.values()),
    "mnist": lambda: cached(mnist.FILE) is not None,
    "cifar10": lambda: cifar.is_cached(cifar.CIFAR10_ARCHIVE),
    "cifar100": lambda: cifar.is_cached(cifar.CIFAR100_ARCHIVE),
}


def cached_datasets() -> list[str]:
    """The names of the built-in data sets whose files are in the cache or in the package."""
    return [name for name, is_cached in IS_CACHED.items() if is_cached()]

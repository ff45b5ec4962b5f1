"""The environment of every test: without runs folder, data folder, compilation cache or colours from outside."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ["DNNCTL_CACHE_DIR"] = ""  # every test compiles for itself

import dnnctl.engine  # noqa: F401  (sets what must precede Keras, whichever test comes first)

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

FASHION_MNIST = Path(__file__).parents[2] / "shared" / "data" / "fashion-mnist"


def pytest_configure(config: pytest.Config) -> None:
    """Let `make test-light` fail where something light loads a framework."""
    if config.getoption("markexpr") == "not heavy":
        sys.modules |= {"tensorflow": None, "keras": None}  # type: ignore[dict-item]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DNNCTL_RUNS_DIR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DNNCTL_DATA_DIR", str(tmp_path / "no-data"))


@pytest.fixture
def restored_signals() -> Iterator[None]:
    """Signals as in a terminal: a process in the background, or under nohup, inherits that some are ignored."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def fashion_mnist_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data folder with the full Fashion-MNIST; the test is skipped if this machine does not have it."""
    places = [
        Path(os.environ.get("FASHION_MNIST_DIR", FASHION_MNIST)),
        Path("~/.keras/datasets/fashion-mnist").expanduser(),
    ]
    found = next((place for place in places if (place / "train-images-idx3-ubyte.gz").is_file()), None)
    if found is None:
        pytest.skip("the full Fashion-MNIST is not on this machine")
    directory = tmp_path / "data"
    directory.mkdir()
    (directory / "fashion-mnist").symlink_to(found)
    monkeypatch.setenv("DNNCTL_DATA_DIR", str(directory))
    return directory

"""Sources other than the sample: files in Keras's cache layout, made here, and NumPy files."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnctl.data import cifar
from dnnctl.data.cache import RemoteFile, cache_directory, fetch
from dnnctl.data.cifar import load_cifar10, load_cifar100
from dnnctl.data.fashion_mnist import load_fashion_mnist
from dnnctl.data.load import no_progress
from dnnctl.data.mnist import load_mnist
from dnnctl.data.npz import load_npz
from dnnctl.errors import DataError
from dnnctl.specs.data import Npz
from sample_specs import cifar_batch, write_cifar10


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DNNCTL_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("layout", ["cifar-10-batches-py-target/cifar-10-batches-py", "cifar-10-batches-py"])
def test_cifar10_is_read_from_both_layouts_of_keras(cache: Path, layout: str) -> None:
    """Labels are a row, images (N, 32, 32, 3) with the channels last; the oracle is the files' definition."""
    write_cifar10(cache / layout)
    raw = load_cifar10(no_progress)
    assert raw.train.inputs.shape == (20, 32, 32, 3)
    assert raw.train.targets.shape == (20,)
    assert raw.test is not None
    first = np.random.default_rng(1).integers(0, 256, (4, 3072), dtype=np.uint8)[0]
    assert raw.train.inputs[0, 5, 7].tolist() == [first[channel * 1024 + 5 * 32 + 7] for channel in range(3)]


def test_cifar10_is_unpacked_from_its_archive(cache: Path) -> None:
    write_cifar10(cache / "made" / "cifar-10-batches-py")
    with tarfile.open(cache / "cifar-10-python.tar.gz", "w:gz") as archive:
        archive.add(cache / "made" / "cifar-10-batches-py", "cifar-10-batches-py")
    assert len(load_cifar10(no_progress).train) == 20
    assert (cache / "cifar-10-batches-py-target" / "cifar-10-batches-py" / "test_batch").is_file()


def test_cifar100_has_fine_labels_and_their_names(cache: Path) -> None:
    folder = cache / "cifar-100-python-target" / "cifar-100-python"
    folder.mkdir(parents=True)
    (folder / "train").write_bytes(cifar_batch(5, 1, b"fine_labels"))
    (folder / "test").write_bytes(cifar_batch(2, 2, b"fine_labels"))
    (folder / "meta").write_bytes(pickle.dumps({b"fine_label_names": [b"apple", b"bear"]}, protocol=2))
    raw = load_cifar100(no_progress)
    assert (len(raw.train), raw.class_names) == (5, ("apple", "bear"))


def test_a_pickle_that_asks_for_code_is_refused(cache: Path) -> None:
    write_cifar10(cache / "cifar-10-batches-py")
    buffer = io.BytesIO(b"cposix\nsystem\n(S'true'\ntR.")
    (cache / "cifar-10-batches-py" / "data_batch_1").write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match=r"asks for posix.system"):
        load_cifar10(no_progress)


def test_mnist_is_read_from_the_cache(cache: Path) -> None:
    arrays = {"x_train": np.zeros((3, 28, 28), np.uint8), "y_train": np.array([0, 1, 2], np.uint8)}
    np.savez(cache / "mnist.npz", **arrays, x_test=arrays["x_train"], y_test=arrays["y_train"])
    raw = load_mnist(no_progress)
    assert raw.train.targets.tolist() == [0, 1, 2]
    assert raw.class_names == tuple("0123456789")


def test_a_damaged_file_says_to_remove_it(cache: Path) -> None:
    (cache / "mnist.npz").write_bytes(b"not an archive")
    with pytest.raises(DataError, match="Remove it"):
        load_mnist(no_progress)


@pytest.mark.parametrize("load", [load_fashion_mnist, load_mnist, load_cifar10, load_cifar100])
def test_without_a_network_the_message_says_where_files_go(
    load: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    with pytest.raises(DataError) as caught:
        load(no_progress)
    for part in (str(cache), "https://", "DNNCTL_DATA_DIR", "fashion_mnist_sample"):
        assert part in str(caught.value)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "file.bin").write_bytes(b"x" * 1_000_000)
    http = HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}/file.bin"
    http.shutdown()
    http.server_close()


def test_a_download_is_checked_kept_and_shown(cache: Path, server: str) -> None:
    seen: list[tuple[str, int, int]] = []
    file = RemoteFile("sub/file.bin", server, hashlib.sha256(b"x" * 1_000_000).hexdigest())
    path = fetch(file, lambda *state: seen.append(state))
    assert path == cache / "sub" / "file.bin"
    assert path.read_bytes() == b"x" * 1_000_000
    assert seen[-1] == ("file.bin", 1_000_000, 1_000_000)
    seen.clear()
    assert fetch(file, lambda *state: seen.append(state)) == path
    assert seen == []


def test_a_download_that_is_not_the_file_is_thrown_away(cache: Path, server: str) -> None:
    with pytest.raises(DataError, match="not the expected file"):
        fetch(RemoteFile("sub/file.bin", server, "0" * 64), no_progress)
    assert not (cache / "sub").exists()


def test_a_failed_download_leaves_no_folder_that_it_made(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that were there before stay, also empty ones."""

    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    for folder, kept in (("a", set()), ("b", {"b"})):
        monkeypatch.setenv("DNNCTL_DATA_DIR", str(cache / folder / "datasets"))
        for name in kept:
            (cache / name).mkdir()
        with pytest.raises(DataError, match="cannot be downloaded"):
            fetch(RemoteFile("sub/file.bin", "http://none/file.bin", "0" * 64), no_progress)
        assert {path.name for path in cache.iterdir()} == kept


def test_the_cache_is_keras_s_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DNNCTL_DATA_DIR")
    monkeypatch.setenv("KERAS_HOME", "/somewhere")
    assert cache_directory() == Path("/somewhere/datasets")
    monkeypatch.delenv("KERAS_HOME")
    assert cache_directory() == Path("~/.keras/datasets").expanduser()


def npz(path: Path, **arrays: Any) -> Npz:
    np.savez(path, **arrays)
    return Npz(kind="npz", path=str(path))


X = np.arange(12, dtype=np.float64).reshape(4, 3)


def test_labels_become_classes_from_zero_in_the_order_of_their_values(tmp_path: Path) -> None:
    raw = load_npz(
        npz(
            tmp_path / "a.npz",
            x_train=X,
            y_train=np.array([7, -2, 7, 30]),
            x_test=X,
            y_test=np.array([[30], [7], [7], [-2]]),
        )
    )
    assert raw.train.targets.tolist() == [1, 0, 1, 2]
    assert raw.test is not None
    assert raw.test.targets.tolist() == [2, 1, 1, 0]
    assert raw.class_names == ("-2", "7", "30")
    assert raw.train.inputs.dtype == np.float32


def test_words_and_booleans_are_classes_and_floats_are_numbers(tmp_path: Path) -> None:
    assert load_npz(npz(tmp_path / "a.npz", x_train=X, y_train=np.array(["b", "a", "b", "a"]))).class_names == (
        "a",
        "b",
    )
    assert load_npz(npz(tmp_path / "b.npz", x_train=X, y_train=X[:, 0] > 4)).class_names == ("0", "1")
    numbers = load_npz(npz(tmp_path / "c.npz", x_train=X, y_train=X[:, 0]))
    assert (numbers.task, numbers.train.targets.shape) == ("numbers", (4, 1))
    both = load_npz(
        npz(tmp_path / "d.npz", x_train=X, y_train=np.arange(8).reshape(4, 2)).model_copy(update={"task": "numbers"})
    )
    assert both.train.targets.shape == (4, 2)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": X}, "holds: images"),
        ({"x_train": X}, "no array 'y_train'"),
        ({"x_train": X, "y_train": np.arange(3)}, "4 train inputs for 3"),
        ({"x_train": X[:, 0], "y_train": np.arange(4)}, "an example in each row"),
        ({"x_train": X, "y_train": np.zeros(4, int)}, "nothing to learn"),
        ({"x_train": X, "y_train": np.zeros((4, 2), int)}, "one label for each example"),
        ({"x_train": X * np.nan, "y_train": np.arange(4)}, "the first in row 0"),
        ({"x_train": X.astype(str), "y_train": np.arange(4)}, "must be numbers"),
        ({"x_train": X, "y_train": np.arange(4), "x_test": X}, "no array 'y_test'"),
        ({"x_train": X[:, :0], "y_train": np.arange(4)}, "an example in each row"),
        (
            {"x_train": X, "y_train": np.arange(4), "x_test": X, "y_test": np.arange(1, 5)},
            "no training example has: '4'",
        ),
        ({"x_train": X, "y_train": X, "x_test": X, "y_test": X[:, :2]}, "test targets 4 × 2"),
        ({"x_train": X / 10 + 1.7e9, "y_train": np.arange(4)}, "cannot be told apart in float32"),
        ({"x_train": X, "y_train": np.arange(4), "x_test": X[:, :2], "y_test": np.arange(4)}, "test inputs 4 × 2"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_npz(npz(tmp_path / "a.npz", **arrays))


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds Python objects"):
        load_npz(npz(tmp_path / "a.npz", x_train=np.array([{}, {}], object), y_train=np.arange(2)))


def test_a_missing_or_foreign_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        load_npz(Npz(kind="npz", path=str(tmp_path / "a.npz")))
    (tmp_path / "b.npz").write_text("text")
    with pytest.raises(DataError, match=r"not a NumPy \.npz file"):
        load_npz(Npz(kind="npz", path=str(tmp_path / "b.npz")))
    np.save(tmp_path / "c.npy", X)
    with pytest.raises(DataError, match="without a name"):
        load_npz(Npz(kind="npz", path=str(tmp_path / "c.npy")))


def test_only_harmless_names_are_unpickled() -> None:
    assert {name for _, name in cifar.HARMLESS} == {"_reconstruct", "ndarray", "dtype", "encode"}

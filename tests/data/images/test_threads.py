"""The same work for many files, in threads and processes."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from dnnctl.data.images import threads, workers
from dnnctl.data.images.decode import Form
from dnnctl.data.images.examine import Examined
from image_files import draw_pixels, write_folder


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 1000])
@pytest.mark.parametrize("n_processors", [1, 4])
def test_every_file_is_examined_once(monkeypatch: pytest.MonkeyPatch, n: int, n_processors: int) -> None:
    monkeypatch.setattr(threads, "n_processors", lambda: n_processors)
    monkeypatch.setattr(threads, "examine", lambda paths, _form: paths)
    found: dict[str, str] = {}
    reported: list[int] = []

    def put(some: slice, result: Examined) -> None:
        found.update(zip(map(str, range(n)[some]), result, strict=True))  # type: ignore[call-overload]

    threads.examine_all(list(map(str, range(n))), np.full(n, 1 << 20), Form(), put, reported.append)
    assert found == {str(number): str(number) for number in range(n)}
    assert reported == [min(start + 64, n) for start in range(0, n, 64)]


@pytest.mark.parametrize("n_processors", [1, 4])
def test_every_number_is_worked_on_once(monkeypatch: pytest.MonkeyPatch, n_processors: int) -> None:
    monkeypatch.setattr(threads, "n_processors", lambda: n_processors)
    done: list[int] = []
    threads.for_each(130, done.append)
    assert sorted(done) == list(range(130))


@pytest.mark.parametrize(("n", "size", "is_shared"), [(99, 10, False), (100, 11, False), (100, 10, True)])
def test_many_small_files_are_examined_in_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int, size: int, is_shared: bool
) -> None:
    monkeypatch.setattr(threads, "MANY", 100)
    monkeypatch.setattr(threads, "SMALL", 10)
    monkeypatch.setattr(threads, "n_processors", lambda: 2)
    names: list[str] = []

    class Noted(workers.Workers):
        def examine(self, paths: object, form: Form) -> Examined:
            names.extend(paths)  # type: ignore[arg-type]
            return super().examine(paths, form)  # type: ignore[arg-type]

    noted = Noted(1 if is_shared else 0)
    monkeypatch.setattr(threads, "shared_workers", lambda _n: noted)
    images = draw_pixels(n, 2, 3)
    root = write_folder(tmp_path, {f"{number}.png": image for number, image in enumerate(images)})
    paths = [str(root / f"{number}.png") for number in range(n)]
    pixels = np.zeros_like(images)

    def put(some: slice, result: Examined) -> None:
        assert result.pixels is not None
        pixels[some] = result.pixels

    threads.examine_all(paths, np.full(n, size), Form(), put)
    noted.close()
    np.testing.assert_array_equal(pixels, images)
    assert sorted(names) == (sorted(paths) if is_shared else [])


def test_nothing_is_started_after_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "n_processors", lambda: 2)
    monkeypatch.setattr(threads, "BATCH", 1)
    started: list[str] = []

    def work(paths: list[str], _form: Form) -> list[str]:
        started.extend(paths)
        time.sleep(0.01 if paths != ["0"] else 0)
        return paths

    def interrupt(_n_done: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(threads, "examine", work)
    with pytest.raises(KeyboardInterrupt):
        threads.examine_all(list(map(str, range(400))), np.ones(400), Form(), lambda *_: None, interrupt)
    assert len(started) < 400


def test_an_error_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "n_processors", lambda: 4)
    with pytest.raises(ZeroDivisionError):
        threads.for_each(1000, lambda number: 1 // (number - 500))

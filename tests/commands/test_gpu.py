"""A GPU is found by what its driver creates, unless it is hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.commands import gpu


@pytest.mark.parametrize(
    ("is_loaded", "visible", "is_there"),
    [(True, None, True), (True, "0", True), (True, "", False), (True, "-1", False), (False, None, False)],
)
def test_a_gpu_is_there_if_its_driver_is_loaded_and_it_is_not_hidden(
    is_loaded: bool, visible: str | None, is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "DEVICES", (str(tmp_path / "driver"),))
    monkeypatch.delenv(gpu.HIDES, raising=False)
    if visible is not None:
        monkeypatch.setenv(gpu.HIDES, visible)
    if is_loaded:
        (tmp_path / "driver").touch()
    assert gpu.is_gpu_there() == is_there

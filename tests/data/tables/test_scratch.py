"""Arrays and tables in temporary files."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dnnctl.data.tables.scratch import array_on_disk, table_on_disk
from dnnctl.errors import DataError


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path))
    return tmp_path


def test_blocks_become_one_array_in_a_file_without_a_name(cache: Path) -> None:
    blocks = np.array_split(np.arange(30, dtype=np.float32).reshape(10, 3), [4, 7])
    found = array_on_disk(iter(blocks), 10)
    assert np.array_equal(found, np.concatenate(blocks))
    assert not found.flags.writeable
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_tables_become_one_table(cache: Path) -> None:
    tables = [pa.table({"a": ["x", None]}), pa.table({"a": ["é"]})]
    found = table_on_disk(iter(tables))
    assert found.to_pydict() == {"a": ["x", None, "é"]}
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_a_full_disk_is_an_error_with_advice(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(DataError, match=f"{cache}/scratch: No space left on device. Set DNNCTL_CACHE_DIR"):
        array_on_disk([np.zeros(3)], 3)

"""Arrays and tables in temporary files, for tables that are larger than memory.

The files have no names, so that nothing is left of them when the process ends, however it ends.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from dnnctl.data.dataset import Array
from dnnctl.errors import DataError
from dnnctl.store.cache import cache_folder

FOLDER = "scratch"


def array_on_disk(blocks: Iterable[Array], n_rows: int) -> Array:
    """Blocks of rows as one array, which is read from the disk when it is needed. It cannot be changed.

    Args:
        n_rows: the number of rows in all blocks, at least one.

    Raises:
        DataError: the disk is full.
    """
    with _scratch_file() as file:
        for block in blocks:
            block.tofile(file)
        file.flush()
        return np.memmap(file, block.dtype, "r", shape=(n_rows, *block.shape[1:])).view(np.ndarray)


def table_on_disk(tables: Iterator[Any]) -> Any:
    """Arrow tables with the same columns as one, which is read from the disk when it is needed.

    Raises:
        DataError: the disk is full.
    """
    first = next(tables)
    with _scratch_file() as file:
        with pa.ipc.new_stream(pa.PythonFile(file, mode="w"), first.schema) as writer:
            for table in chain([first], tables):
                writer.write_table(table)
        file.flush()
        return pa.ipc.open_stream(pa.py_buffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))).read_all()


@contextmanager
def _scratch_file() -> Iterator[Any]:
    folder = cache_folder(FOLDER)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            yield file
    except OSError as error:
        place = folder or tempfile.gettempdir()
        raise DataError(
            f"A table that is larger than memory needs space on the disk, but {place}: {error.strerror or error}. Set "
            "DNNCTL_CACHE_DIR to another disk, or `data.in_memory: true`."
        ) from None

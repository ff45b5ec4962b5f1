"""The data that a source names. Each kind of source has a module in `dnnctl.data.sources` with the name of the kind."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from dnnctl.data.cache import Progress
from dnnctl.data.dataset import RawData
from dnnctl.specs.source import Source
from dnnctl.specs.table import Table


def no_progress(name: str, done: int, total: int, *, is_download: bool = True) -> None:
    """Do not show what is downloaded or read."""


def load_source(source: Source, progress: Progress = no_progress, *, on_disk: bool = False) -> RawData:
    """The data of a source.

    Args:
        on_disk: whether the rows of a table are kept in a temporary file. Other sources need not be told.

    Raises:
        DataError: the files are missing or damaged, or are not what the source says.
    """
    options = {"on_disk": on_disk} if isinstance(source, Table) else {}
    data: RawData = source_module(source.kind).load(source, progress, **options)
    return data


def source_module(kind: str) -> Any:
    """The module of a kind of source. It is imported on first use, because some import large libraries."""
    return import_module(f"dnnctl.data.sources.{kind}")

"""Tables in Parquet files."""

from __future__ import annotations

from dnnctl.data.cache import Progress
from dnnctl.data.dataset import RawData
from dnnctl.data.tables.arrow_file import open_parquet
from dnnctl.data.tables.load import load_table
from dnnctl.specs.table import Parquet


def load(source: Parquet, _progress: Progress, *, on_disk: bool) -> RawData:
    """The training and test splits of a table."""
    return load_table(source, open_parquet, on_disk=on_disk)

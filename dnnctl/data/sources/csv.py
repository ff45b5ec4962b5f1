"""Tables in text files."""

from __future__ import annotations

from dnnctl.data.cache import Progress
from dnnctl.data.dataset import RawData
from dnnctl.data.tables.csv_stream import open_any_csv
from dnnctl.data.tables.load import load_table
from dnnctl.specs.table import Csv


def load(source: Csv, _progress: Progress, *, on_disk: bool) -> RawData:
    """The training and test splits of a table."""
    return load_table(source, lambda path: open_any_csv(source, path, on_disk=on_disk), on_disk=on_disk)

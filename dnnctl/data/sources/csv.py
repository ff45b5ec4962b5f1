"""Tables in text files."""

from __future__ import annotations

from dnnctl.data.cache import Progress
from dnnctl.data.dataset import RawData
from dnnctl.data.tables.csv_file import open_csv
from dnnctl.data.tables.load import load_table
from dnnctl.specs.table import Csv


def load(source: Csv, _progress: Progress) -> RawData:
    """The training and test splits of a table."""
    return load_table(source, lambda path: open_csv(source, path))

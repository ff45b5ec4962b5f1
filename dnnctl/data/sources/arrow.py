"""Tables in Arrow files."""

from __future__ import annotations

from dnnctl.data.cache import Progress
from dnnctl.data.dataset import RawData
from dnnctl.data.tables.arrow_file import open_arrow
from dnnctl.data.tables.load import load_table
from dnnctl.specs.table import Arrow


def load(source: Arrow, _progress: Progress, *, on_disk: bool) -> RawData:
    """The training and test splits of a table."""
    return load_table(source, open_arrow, on_disk=on_disk)

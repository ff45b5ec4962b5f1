"""What is wrong with a table and a spec that can be found out before training, in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dnnctl.data.load import load_data
from dnnctl.data.tables.arrow_file import stream_arrow, stream_parquet
from dnnctl.data.tables.csv_stream import stream_csv
from dnnctl.data.tables.roles import RoleFault, role_faults
from dnnctl.errors import DataError
from dnnctl.specs.experiment import Spec
from dnnctl.specs.loss import loss_fault
from dnnctl.specs.metric import metric_fault
from dnnctl.specs.table import Csv, Parquet, Table

LARGEST = 16 * 1024 * 1024
"""The bytes of a file whose rows are read. Of a larger one, only the names of the columns are."""
Found = tuple[tuple[str, ...], str, str]
"""The path of a key, the rule that is broken, and how to fix it."""


def table_faults(spec: Spec, source: Table) -> Iterator[Found]:
    """The faults of a table whose files exist: columns that do not exist or cannot be used, and a loss or metrics that
    do not fit the target.
    """
    try:
        named = _named_wrongly(source)
        yield from ((("data", "source", *fault.keys), fault.rule, fault.fix) for fault in named)
        if not named and Path(source.path).is_file() and Path(source.path).stat().st_size <= LARGEST:
            yield from _unfit(spec, load_data(spec.data, seed=spec.seed).task)
    except DataError as error:
        rule, _, fix = str(error).partition(". ")
        yield ("data", "source"), rule, fix


def _named_wrongly(source: Table) -> list[RoleFault]:
    if isinstance(source, Csv):
        names = stream_csv(source, source.path).names
    else:
        names = (stream_parquet if isinstance(source, Parquet) else stream_arrow)(source.path).names
    return role_faults(source, names)


def _unfit(spec: Spec, task: str) -> Iterator[Found]:
    fault = loss_fault(spec.loss.kind, task)
    if fault is not None:
        yield ("loss",), *fault
    for index, metric in enumerate([] if spec.metrics == "auto" else spec.metrics):
        fault = metric_fault(metric, task)
        if fault is not None:
            yield ("metrics", str(index)), *fault

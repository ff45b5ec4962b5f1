"""What is wrong with the data of a spec that can be found out before training, in seconds."""

from __future__ import annotations

from collections.abc import Iterator

from dnnctl.data.files import file_size, matching_files
from dnnctl.data.load import load_data
from dnnctl.data.tables.arrow_file import stream_arrow, stream_parquet
from dnnctl.data.tables.csv_stream import stream_csv
from dnnctl.data.tables.roles import RoleFault, role_faults
from dnnctl.errors import DataError
from dnnctl.specs.data import Data
from dnnctl.specs.experiment import Spec
from dnnctl.specs.images import Images
from dnnctl.specs.loss import loss_fault
from dnnctl.specs.metric import metric_fault
from dnnctl.specs.source import FILE_KEYS, BuiltIn, Source
from dnnctl.specs.table import Csv, Parquet, Table

LARGEST = 16 * 1024 * 1024
"""The bytes of a file whose rows are read. Of a larger one, only the names of the columns are."""
Found = tuple[tuple[str, ...], str, str]
"""The path of a key, the rule that is broken, and how to fix it."""


def source_faults(spec: Spec) -> Iterator[Found]:
    """The faults of data whose files exist: files that cannot be read, columns that do not exist or cannot be used, and
    a loss or metrics that do not fit the target.
    """
    source = spec.data.source
    try:
        named = _named_wrongly(source) if isinstance(source, Table) else []
        yield from ((("data", "source", *fault.keys), fault.rule, fault.fix) for fault in named)
        if not named and _is_readable_in_seconds(source):
            yield from _unfit(spec, load_data(_without_cache(spec.data), seed=spec.seed, memory=0).task)
    except DataError as error:
        yield ("data", "source"), *_split_message(str(error))


def _is_readable_in_seconds(source: Source) -> bool:
    """Whether a source is small, or a folder of images, of which an index is kept."""
    if isinstance(source, BuiltIn):
        return False
    paths = [getattr(source, key) for key in FILE_KEYS.get(source.kind, ("path",))]
    files = [file for path in paths for file in matching_files(path)]
    return isinstance(source, Images) or 0 < sum(map(file_size, files)) <= LARGEST


def _without_cache(data: Data) -> Data:
    """The same data, without writing their pixels to the disk."""
    if not isinstance(data.source, Images):
        return data
    return data.model_copy(update={"source": data.source.model_copy(update={"cache": False})})


def _split_message(text: str) -> tuple[str, str]:
    """The rule and how to fix it: the last line of several, or all but the first sentence."""
    if "\n" not in text:
        rule, _, fix = text.partition(". ")
        return rule, fix
    first, *entries, fix = text.split("\n")
    return f"{first} {'; '.join(map(str.strip, entries))}", fix


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

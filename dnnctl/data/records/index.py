"""The index of a TFRecord file, made by one pass over it and then cached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.cache import Progress
from dnnctl.data.dataset import Array
from dnnctl.data.images.decode import Decoded
from dnnctl.data.images.threads import for_each
from dnnctl.data.json_lines import to_targets
from dnnctl.data.records.example import Values, parse_example
from dnnctl.data.records.inputs import InputKind, Wanted, target_of
from dnnctl.data.records.record_file import Record, read_records
from dnnctl.errors import DataError
from dnnctl.store.cache import cache_entry, write_to_cache
from dnnctl.text import format_shape

VERSION = "1"
"""Increase it when the checks, the digest or the index change."""
NO_TARGETS = np.zeros(0)


@dataclass(frozen=True)
class RecordIndex:
    """Where the examples of a file are, and what they contain."""

    starts: NDArray[np.int64]
    """(N,) the offset of the data of each record in bytes."""
    lengths: NDArray[np.int64]
    """(N,) its length in bytes."""
    targets: Array
    """(N,) or (N, K), as they are written; (0,) if they are not needed."""
    kind: InputKind
    shape: tuple[int, ...]
    """The shape of the inputs of an example; () for encoded images."""
    sizes: NDArray[np.int32]
    """(N, 2) height and width of encoded images; otherwise (0, 2)."""
    is_grey: bool
    """Whether all encoded images contain grey values only."""
    digest: str
    """The identity of all inputs."""
    state: tuple[int, int]
    """The size and the time of the file."""


def index_records(path: Path, wanted: Wanted, target: str | None, progress: Progress) -> RecordIndex:
    """The index of a file, from the cache if size and time of the file are the same.

    Args:
        target: the feature with the targets; None if they are not needed.

    Raises:
        DataError: a record is damaged, or not an example like those before it.
    """
    state = file_state(path)
    cached = cache_entry("records", path, ".npz", VERSION, repr(wanted), repr(target))
    index = None if cached is None else _load(cached, state)
    if index is not None:
        return index
    scan = _Scan(path, wanted, target)
    for batch in read_records(path):
        scan.add(batch)
        progress(path.name, batch[-1].start, state[0], is_download=False)
    index = scan.index(state)
    if cached is not None:
        write_to_cache(cached, partial(_save, index))
    return index


def file_state(path: Path) -> tuple[int, int]:
    """The size and the time of a file."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


class _Scan:
    """One pass over a file."""

    def __init__(self, path: Path, wanted: Wanted, target: str | None) -> None:
        self.path = path
        self.wanted = wanted
        self.target = target
        self.kind: InputKind | None = None
        self.shape: tuple[int, ...] | None = None
        self.spans: list[tuple[int, int]] = []
        self.targets: list[Any] = []
        self.sizes: list[tuple[int, int]] = []
        self.is_grey = True
        self.digest = sha256()

    def add(self, records: Sequence[Record]) -> None:
        """Read some records."""
        examples = [self._located(record, partial(parse_example, record.data)) for record in records]
        for record, features in zip(records, examples, strict=True):
            self.kind = self.kind or self._located(record, partial(self.wanted.kind, features))
            if self.target is not None:
                self.targets.append(self._located(record, partial(target_of, features, self.target)))
            self._located(record, partial(self._digest, features))
        if self.kind == "image":
            self._decode(records, examples)
        self.spans += [(record.start, len(record.data)) for record in records]

    def index(self, state: tuple[int, int]) -> RecordIndex:
        """What was found.

        Raises:
            DataError: the targets are of different kinds.
        """
        assert self.kind is not None, "an empty file is refused"
        self.digest.update(f"{self.kind} {self.shape}".encode())
        starts, lengths = np.array(self.spans, np.int64).T
        return RecordIndex(
            starts=starts,
            lengths=lengths,
            targets=NO_TARGETS if self.target is None else to_targets(self.targets, str(self.path)),
            kind=self.kind,
            shape=self.shape or (),
            sizes=np.array(self.sizes, np.int32).reshape(-1, 2),
            is_grey=self.is_grey,
            digest=self.digest.hexdigest(),
            state=state,
        )

    def _digest(self, features: Mapping[str, Values]) -> None:
        """Feed the inputs of a record to the digest."""
        if self.kind == "image":
            data = self.wanted.image_bytes(features)
            self.digest.update(len(data).to_bytes(8) + data)
            return
        array = self.wanted.array(features)
        if self.shape not in (None, array.shape):
            ours, others = format_shape(array.shape), format_shape(self.shape or ())
            raise DataError(f"the inputs have the shape {ours}, but {others} in earlier records")
        self.shape = array.shape
        self.digest.update(array.data)

    def _decode(self, records: Sequence[Record], examples: Sequence[Mapping[str, Values]]) -> None:
        found: dict[int, Decoded] = {}

        def decode_one(row: int) -> None:
            image = partial(self.wanted.image, examples[row], self.wanted.form)
            found[row] = self._located(records[row], image)

        for_each(len(records), decode_one)
        self.sizes += [found[row].size for row in range(len(records))]
        self.is_grey = self.is_grey and all(decoded.is_grey for decoded in found.values())

    def _located(self, record: Record, work: Any) -> Any:
        try:
            return work()
        except DataError as error:
            raise DataError(f"{self.path}: record {record.number:,}: {error}.".replace("..", ".")) from None


def _save(index: RecordIndex, path: Path) -> None:
    arrays: dict[str, Any] = {field.name: np.array(getattr(index, field.name)) for field in fields(index)}
    np.savez(path, **arrays)


def _load(cached: Path, state: tuple[int, int]) -> RecordIndex | None:
    try:
        with cached.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        index = RecordIndex(
            **{
                **found,
                "kind": str(found["kind"]),
                "shape": tuple(map(int, found["shape"])),
                "is_grey": bool(found["is_grey"]),
                "digest": str(found["digest"]),
                "state": state,
            }
        )
    except Exception:  # whatever is wrong with it, it can be computed again
        return None
    lengths = {len(array) for array in (index.starts, index.lengths)}
    lengths |= {len(array) for array in (index.targets, index.sizes) if len(array)}
    return index if len(lengths) == 1 else None

"""The inputs of a record: numbers, bytes, or an encoded image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.arrays import to_inputs
from dnnctl.data.images.decode import Decoded, Form, decode
from dnnctl.data.records.example import Values
from dnnctl.errors import DataError
from dnnctl.specs.source import TfRecord
from dnnctl.text import format_shape, suggest

InputKind: TypeAlias = Literal["numbers", "bytes", "image"]


@dataclass(frozen=True)
class Wanted:
    """Which features are the inputs, and what they are converted to."""

    names: tuple[str, ...]
    shape: tuple[int, ...] | None
    """The shape of an example; None for a row of numbers, or for an encoded image."""
    form: Form
    """Of encoded images."""

    def kind(self, features: Mapping[str, Values]) -> InputKind:
        """What the inputs are.

        Raises:
            DataError: a feature is missing; the text is the reason alone.
        """
        is_bytes = len(self.names) == 1 and isinstance(find(features, self.names[0]), list)
        return "numbers" if not is_bytes else "image" if self.shape is None else "bytes"

    def array(self, features: Mapping[str, Values]) -> NDArray[np.float32] | NDArray[np.uint8]:
        """Numbers or bytes.

        Raises:
            DataError: they are missing, of another kind or number, or infinite; the text is the reason alone.
        """
        if self.kind(features) == "bytes":
            return self._shaped(np.frombuffer(self.image_bytes(features), np.uint8))
        parts = [find(features, name) for name in self.names]
        for name, part in zip(self.names, parts, strict=True):
            if isinstance(part, list):
                raise DataError(f"the feature '{name}' contains bytes, not numbers")
        row = np.concatenate([to_inputs(np.asarray(part)) for part in parts])
        if not row.size or not np.isfinite(row).all():
            raise DataError("the inputs contain infinite or NaN values" if row.size else "the inputs are empty")
        return self._shaped(row)

    def image(self, features: Mapping[str, Values], form: Form) -> Decoded:
        """The pixels of an encoded image.

        Raises:
            DataError: it is missing, or cannot be read; the text is the reason alone.
        """
        try:
            return decode(self.image_bytes(features), form)
        except DataError as error:
            raise DataError(
                f"the feature '{self.names[0]}' is not an image that can be read: {error}. If it contains one byte for "
                "each value, set `data.source.shape`"
            ) from None

    def image_bytes(self, features: Mapping[str, Values]) -> bytes:
        """The only value of the feature of the inputs."""
        values = find(features, self.names[0])
        if not isinstance(values, list) or len(values) != 1:
            raise DataError(f"the feature '{self.names[0]}' must contain one string of bytes, as in earlier records")
        return values[0]

    def _shaped(self, row: NDArray[np.float32] | NDArray[np.uint8]) -> NDArray[np.float32] | NDArray[np.uint8]:
        if self.shape is None:
            return row
        if row.size != np.prod(self.shape):
            raise DataError(f"the inputs have {row.size:,} values, but the shape is {format_shape(self.shape)}")
        return row.reshape(self.shape)


def wanted_inputs(source: TfRecord) -> Wanted:
    """What a source says about its inputs."""
    size = (source.size, source.size) if isinstance(source.size, int) else source.size
    height_and_width = None if isinstance(size, str) else (size[0], size[1])
    return Wanted(
        (source.inputs,) if isinstance(source.inputs, str) else tuple(source.inputs),
        None if source.shape == "none" else tuple(source.shape),
        Form(height_and_width, source.resize, source.color),
    )


def find(features: Mapping[str, Values], name: str) -> Values:
    """The values of a feature.

    Raises:
        DataError: there is no such feature; the text is the reason alone.
    """
    if name not in features:
        raise DataError(f"no feature '{name}'. {suggest(name, features)}" if features else "the record is empty")
    return features[name]


def target_of(features: Mapping[str, Values], name: str) -> object:
    """The target of a record: text, a number, or a list of numbers.

    Raises:
        DataError: it is missing, or neither text nor numbers; the text is the reason alone.
    """
    values = find(features, name)
    try:
        plain = [value.decode() for value in values] if isinstance(values, list) else values.tolist()
    except UnicodeDecodeError:
        raise DataError(f"the target '{name}' contains bytes that are not text") from None
    if not plain:
        raise DataError(f"the target '{name}' is empty")
    return plain[0] if len(plain) == 1 else plain

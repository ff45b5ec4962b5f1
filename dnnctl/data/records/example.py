"""`tf.train.Example`: the features of a record, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from numpy.typing import NDArray

from dnnctl.errors import DataError

Values: TypeAlias = NDArray[np.float32] | NDArray[np.int64] | list[bytes]
PACKAGE = "dnnctl"
FIELDS = {
    "BytesList": [("value", 1, "bytes", True)],
    "FloatList": [("value", 1, "bytes", False)],  # packed floats, which NumPy reads as they are
    "Int64List": [("value", 1, "int64", True)],
    "Feature": [("bytes", 1, "BytesList", False), ("floats", 2, "FloatList", False), ("ints", 3, "Int64List", False)],
    "Entry": [("key", 1, "bytes", False), ("value", 2, "Feature", False)],
    "Features": [("entries", 1, "Entry", True)],
    "Example": [("features", 1, "Features", False)],
}
"""By the name of a message: name, number and type of each field, and whether it is repeated."""


def parse_example(record: bytes) -> Mapping[str, Values]:
    """The values of each feature; of equal names, the last one.

    Raises:
        DataError: the record is something else; the text is the reason alone.
    """
    try:
        entries = EXAMPLE.FromString(record).features.entries
        return {entry.key.decode(): _values(entry.value) for entry in entries}
    except (DecodeError, ValueError):
        raise DataError("the record is not a tf.train.Example") from None


def _values(feature: Any) -> Values:
    if feature.HasField("floats"):
        return np.frombuffer(feature.floats.value, "<f4").astype(np.float32, copy=False)
    if feature.HasField("ints"):
        return np.array(feature.ints.value, np.int64)
    return list(feature.bytes.value)


def _example_class() -> Any:
    """The class of the message. It has a pool of its own, because TensorFlow registers the same message."""
    file = FileDescriptorProto(name="example.proto", package=PACKAGE, syntax="proto3")
    for name, fields in FIELDS.items():
        message = file.message_type.add(name=name)
        for field, number, kind, is_repeated in fields:
            label = FieldDescriptorProto.LABEL_REPEATED if is_repeated else FieldDescriptorProto.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=label)
            if kind in FIELDS:
                added.type, added.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
            else:
                added.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.Example"))


EXAMPLE = _example_class()

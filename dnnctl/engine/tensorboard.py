"""TensorBoard's event files: records of TensorFlow's own `Event` messages. TensorBoard need not be installed."""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import struct_pb2
from numpy.typing import NDArray

from dnnctl.store.files import make_directory, write_through

VERSION = "brain.Event:2"
EVENT_FILES = "events.out.tfevents.*"
HPARAMS_TAG = "_hparams_/session_start_info"
BUCKETS = 30
"""The number of bars of a histogram."""
_numbers = count()
"""They distinguish the files that one process starts in the same second."""


class EventFile:
    """One series of scalars, such as those of training or of validation."""

    def __init__(self, folder: Path) -> None:
        make_directory(folder.parent)
        make_directory(folder)
        process = f"{socket.gethostname()}.{os.getpid()}"
        name = f"events.out.tfevents.{int(time.time()):010d}.{process}.{next(_numbers)}.v2"
        self._path = folder / name
        self._writer = tf.io.TFRecordWriter(str(self._path))
        self._write(tf.compat.v1.Event(wall_time=time.time(), file_version=VERSION))

    def add(self, step: int, scalars: Mapping[str, float]) -> None:
        """Write scalars and flush them."""
        values = [tf.compat.v1.Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        summary = tf.compat.v1.Summary(value=values)
        self._write(tf.compat.v1.Event(wall_time=time.time(), step=step, summary=summary))

    def add_histograms(self, step: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write the distribution of the values of each array that has finite ones."""
        values = []
        for tag, array in arrays.items():
            finite = array[np.isfinite(array)]
            if finite.size:
                counts, edges = np.histogram(finite.astype(np.float64), BUCKETS)
                buckets = np.stack([edges[:-1], edges[1:], counts], axis=1)  # (BUCKETS, 3)
                values.append(_value(tag, "histograms", buckets))
        self._write(tf.compat.v1.Event(wall_time=time.time(), step=step, summary=tf.compat.v1.Summary(value=values)))

    def add_hyperparameters(self, values: Mapping[str, float | str | bool]) -> None:
        """Write what TensorBoard's HPARAMS page compares runs by."""
        value = _value(HPARAMS_TAG, "hparams", np.float32(0), _session_start(values))
        self._write(tf.compat.v1.Event(wall_time=time.time(), summary=tf.compat.v1.Summary(value=[value])))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()

    def _write(self, event: tf.compat.v1.Event) -> None:
        try:
            self._writer.write(event.SerializeToString())
            self._writer.flush()
        except tf.errors.OpError as error:
            raise OSError(errno.EIO, error.message, str(self._path)) from None


def _value(tag: str, plugin: str, tensor: Any, content: bytes = b"") -> tf.compat.v1.Summary.Value:
    data = tf.compat.v1.SummaryMetadata.PluginData(plugin_name=plugin, content=content)
    metadata = tf.compat.v1.SummaryMetadata(plugin_data=data)
    return tf.compat.v1.Summary.Value(tag=tag, metadata=metadata, tensor=tf.make_tensor_proto(tensor))


def _session_start(values: Mapping[str, float | str | bool]) -> bytes:
    """An `HParamsPluginData` of TensorBoard with the values, in the format of protocol buffers.

    message HParamsPluginData { SessionStartInfo session_start_info = 3; }
    message SessionStartInfo { map<string, google.protobuf.Value> hparams = 1; double start_time_secs = 5; }
    """
    entries = [_field(1, name.encode()) + _field(2, _as_value(value)) for name, value in values.items()]
    started = bytes([5 << 3 | 1]) + struct.pack("<d", time.time())
    return _field(3, b"".join(_field(1, entry) for entry in entries) + started)


def _as_value(value: float | str | bool) -> bytes:
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value).SerializeToString()
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value).SerializeToString()
    return struct_pb2.Value(number_value=value).SerializeToString()


def _field(number: int, content: bytes) -> bytes:
    """A field of a message: its number and type, the length as a varint, the bytes."""
    length, rest = bytearray(), len(content)
    while rest >= 0x80:
        length.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([number << 3 | 2, *length, rest]) + content


def cut_back(folder: Path, last_step: int) -> None:
    """Remove all events after a step from a folder's files, and records that a crash truncated."""
    for file in sorted(folder.glob(EVENT_FILES)):
        write_through(file, partial(_copy_events, file, last_step))


def _copy_events(source: Path, last_step: int, target: Path) -> None:
    with tf.io.TFRecordWriter(str(target)) as writer:
        for record in _read_records(source):
            if tf.compat.v1.Event.FromString(record).step <= last_step:
                writer.write(record)


def _read_records(file: Path) -> Iterator[bytes]:
    """The records of a file up to the first incomplete one."""
    with suppress(tf.errors.DataLossError):
        for record in tf.data.TFRecordDataset(str(file)):
            yield record.numpy()

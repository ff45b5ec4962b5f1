"""TensorBoard's event files: records of TensorFlow's own `Event` messages. TensorBoard need not be installed."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import tensorflow as tf

from dnnctl.store.files import make_directory, write_through

VERSION = "brain.Event:2"


class EventFile:
    """One series of scalars, such as those of training or of validation."""

    def __init__(self, folder: Path) -> None:
        make_directory(folder.parent)
        make_directory(folder)
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.0.v2"
        self._path = folder / name
        self._writer = tf.io.TFRecordWriter(str(self._path))
        self._write(tf.compat.v1.Event(wall_time=time.time(), file_version=VERSION))

    def add(self, step: int, scalars: Mapping[str, float]) -> None:
        """Write scalars and flush them."""
        values = [tf.compat.v1.Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        summary = tf.compat.v1.Summary(value=values)
        self._write(tf.compat.v1.Event(wall_time=time.time(), step=step, summary=summary))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()

    def _write(self, event: tf.compat.v1.Event) -> None:
        try:
            self._writer.write(event.SerializeToString())
            self._writer.flush()
        except tf.errors.OpError as error:
            raise OSError(errno.EIO, error.message, str(self._path)) from None


def cut_back(folder: Path, last_step: int) -> None:
    """Remove all events after a step from a folder's files, and records that a crash truncated."""
    for file in sorted(folder.glob("events.out.tfevents.*")):
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

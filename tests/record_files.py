"""TFRecord files, written by TensorFlow."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf


def write_records(path: Path, examples: Sequence[Mapping[str, Any]], compression: str = "") -> Path:
    """Write examples: floats, whole numbers, text and bytes, alone or in lists. The file is old enough to be cached."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for example in examples:
            features = tf.train.Features(feature={name: feature(value) for name, value in example.items()})
            writer.write(tf.train.Example(features=features).SerializeToString())
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def feature(value: Any) -> tf.train.Feature:
    """The values of a feature."""
    values = list(value) if isinstance(value, list | tuple | np.ndarray) else [value]
    if values and isinstance(values[0], str | bytes):
        encoded = [each.encode() if isinstance(each, str) else each for each in values]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=encoded))
    if values and isinstance(values[0], int | np.integer):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))

"""`tf.train.Example`, next to TensorFlow's own messages."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dnnctl.data.records.example import parse_example
from dnnctl.errors import DataError


def feature(**values: object) -> tf.train.Feature:
    ((kind, given),) = values.items()
    return tf.train.Feature(**{f"{kind}_list": getattr(tf.train, f"{kind.capitalize()}List")(value=given)})


def test_all_kinds_of_values_are_those_that_were_written() -> None:
    numbers = np.array([0.1, -3, np.inf], np.float32)
    features = {
        "numbers": feature(float=numbers),
        "ids": feature(int64=[1, -1, 2**62]),
        "names": feature(bytes=[b"\xff\x00", "ä".encode()]),
        "none": feature(float=[]),
        "größe": feature(int64=[7]),
        "empty": tf.train.Feature(),
    }
    found = parse_example(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    assert set(found) == set(features)
    np.testing.assert_array_equal(found["numbers"], numbers)
    assert np.asarray(found["ids"]).tolist() == [1, -1, 2**62]
    assert found["names"] == [b"\xff\x00", "ä".encode()]
    assert [len(found[name]) for name in ("none", "größe", "empty")] == [0, 1, 0]
    assert parse_example(b"") == {}


@pytest.mark.parametrize("record", [b"\xff", b"no example", b"\x0a\x05\x0a\x03\x0a\x01\xff"])
def test_something_else_is_refused(record: bytes) -> None:
    with pytest.raises(DataError, match=r"not a tf\.train\.Example"):
        parse_example(record)

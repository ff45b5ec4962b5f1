"""Classes are selected by name or number."""

from __future__ import annotations

import numpy as np
import pytest

from dnnctl.data.classes import new_numbers, relabel
from dnnctl.data.dataset import Part, RawData
from dnnctl.errors import DataError


def test_classes_whose_names_are_numbers_are_meant_by_name_alone() -> None:
    part = Part(np.zeros((3, 2), np.float32), np.array([0, 1, 2], np.int32))
    raw = RawData(part, None, "classes", ("0", "10", "20"))
    assert relabel(part, new_numbers(raw, [20, 0]), drop=True).targets.tolist() == [1, 0]
    with pytest.raises(DataError, match="no class 1"):
        new_numbers(raw, [0, 1])


def test_numbers_have_no_classes() -> None:
    part = Part(np.zeros((4, 2), np.float32), np.zeros((4, 1), np.float32))
    with pytest.raises(DataError, match="numbers"):
        new_numbers(RawData(part, None, "numbers"), [0, 1])

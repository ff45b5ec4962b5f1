"""`runtime.threads` and `runtime.gpu`."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dnnctl.specs.runtime import Runtime


@pytest.mark.parametrize("keys", [{"threads": 0}, {"threads": 1.5}, {"gpu": -1}, {"gpu": "0"}, {"gpu": True}])
def test_only_numbers_that_exist_are_allowed(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Runtime.model_validate(keys)


def test_a_gpu_for_training_on_the_cpu_is_refused() -> None:
    with pytest.raises(ValidationError, match="`gpu` is 1, but `device: cpu` uses none"):
        Runtime.model_validate({"device": "cpu", "gpu": 1})
    assert Runtime.model_validate({"device": "auto", "gpu": 1}).gpu == 1

from __future__ import annotations

import pytest

from dnnctl.serving.token_bucket import TokenBucket


@pytest.mark.parametrize("rate", [0.5, 1, 4])
def test_no_second_has_more_than_the_rate_and_one_full_bucket(rate: float) -> None:
    """However requests arrive: at most rate × t + max(1, rate) pass in t seconds, and waiting as told is enough."""
    now = 0.0
    bucket = TokenBucket(rate, lambda: now)
    n_passed = 0
    for step in range(400):
        now = step / 16
        n_passed += bucket.take() == 0
        assert n_passed <= rate * now + max(1, rate)
    assert n_passed >= rate * now
    while (wait := bucket.take()) == 0:
        pass
    now += wait
    assert bucket.take() == 0

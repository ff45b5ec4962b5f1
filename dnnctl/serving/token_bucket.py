"""How many requests are answered per second."""

from __future__ import annotations

import time
from collections.abc import Callable


class TokenBucket:
    """Lets `rate` requests through per second on average, and as many at once after a second without any.

    The bucket holds at most max(1, rate) tokens and gains `rate` tokens per second. Each request takes one.

    Args:
        clock: the time in seconds.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.capacity = max(1.0, rate)
        self.clock = clock
        self.tokens = self.capacity
        self.checked = clock()

    def take(self) -> float:
        """Take a token. Returns 0, or if there is none, the seconds until there is one."""
        now = self.clock()
        self.tokens = min(self.capacity, self.tokens + self.rate * (now - self.checked))
        self.checked = now
        if self.tokens < 1:
            return (1 - self.tokens) / self.rate
        self.tokens -= 1
        return 0.0

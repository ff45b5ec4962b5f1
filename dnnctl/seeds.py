"""Seeds: each purpose has its own, derived from the seed of the spec.

There is no shared stream of random numbers, so a change in one place (for example, another layer) does not affect the
random numbers of another.
"""

from __future__ import annotations

from hashlib import sha256


def derive_seed(seed: int, *purpose: str | int) -> int:
    """A 31-bit seed for a purpose: the first bits of the SHA-256 of both."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(sha256(text.encode()).digest()[:4], "big") >> 1

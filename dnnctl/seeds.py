"""Seeds: every random draw has one of its own, which follows from the spec's seed and what the draw is for.

Nothing draws from a shared stream, so that a change in one place (another layer, say) moves no draw elsewhere.
"""

from __future__ import annotations

from hashlib import sha256


def derive_seed(seed: int, *purpose: str | int) -> int:
    """A seed of 31 bits for a purpose: the beginning of the SHA-256 of both."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(sha256(text.encode()).digest()[:4], "big") >> 1

"""CRC-32C, the checksum of TFRecord files, of many strings at a time.

Source: Castagnoli, Bräuer and Herrmann, 1993.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
POLYNOMIAL = 0x82F63B78
"""Its bits in reverse order."""
START = 0xFFFFFFFF
START_BYTES = 4
WIDTH = 128
"""Strings are cut into segments of this many bytes, whose codes are computed together."""
MASK_DELTA = 0xA282EAD8


def masked_crc32c(strings: Sequence[bytes]) -> Codes:
    """(N,) the codes as TFRecord files contain them: rotated by 15 bits, plus a constant."""
    codes = crc32c(strings)
    return ((codes >> np.uint32(15)) | (codes << np.uint32(17))) + np.uint32(MASK_DELTA)


def crc32c(strings: Sequence[bytes]) -> Codes:
    """(N,) the codes of N strings.

    A code that starts with 0 is linear, and zeros before a string do not change it: segments can be computed on their
    own, and combined. A code that starts with ones is that of the string whose first 32 bits are inverted.
    """
    n_segments = np.array([-(-len(string) // WIDTH) for string in strings], np.intp)
    padded = b"".join(_inverted(string).rjust(-(-len(string) // WIDTH) * WIDTH, b"\0") for string in strings)
    columns = np.frombuffer(padded, np.uint8).reshape(-1, WIDTH).T.copy()  # (WIDTH, segments)
    codes = ~_combined(_advanced(np.zeros(columns.shape[1], np.uint32), columns), n_segments)
    for number, string in enumerate(strings):
        if len(string) < START_BYTES:
            bytes_ = np.frombuffer(string, np.uint8)[:, None]
            codes[number] = ~_advanced(np.array([START], np.uint32), bytes_)[0]
    return codes


def _inverted(string: bytes) -> bytes:
    """A string with its first 32 bits inverted."""
    start = string[:START_BYTES]
    return (int.from_bytes(start) ^ (1 << 8 * len(start)) - 1).to_bytes(len(start)) + string[START_BYTES:]


def _advanced(codes: Codes, columns: NDArray[np.uint8]) -> Codes:
    """(N,) the codes after more bytes, (n, N)."""
    for column in columns:
        codes = (codes >> 8) ^ TABLE[(codes ^ column) & 0xFF]
    return codes


def _combined(segments: Codes, n_segments: NDArray[np.intp]) -> Codes:
    """(N,) the codes of N strings, from those of their segments."""
    codes = np.zeros(len(n_segments), np.uint32)
    firsts = np.cumsum(n_segments) - n_segments
    for number in range(int(n_segments.max(initial=0))):
        rows = np.flatnonzero(n_segments > number)
        codes[rows] = _shifted(codes[rows]) ^ segments[firsts[rows] + number]
    return codes


def _shifted(codes: Codes) -> Codes:
    """(N,) the codes after as many zeros as a segment has bytes."""
    parts = [SHIFTS[place, (codes >> 8 * place) & 0xFF] for place in range(4)]
    return parts[0] ^ parts[1] ^ parts[2] ^ parts[3]


def _table() -> Codes:
    """(256,) the code of each byte."""
    codes = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        codes = (codes >> np.uint32(1)) ^ (codes & np.uint32(1)) * np.uint32(POLYNOMIAL)
    return codes


TABLE = _table()
SHIFTS = _advanced(
    (np.arange(256, dtype=np.uint32) << (8 * np.arange(4, dtype=np.uint32))[:, None]).ravel(),
    np.zeros((WIDTH, 1), np.uint8),
).reshape(4, 256)
"""By the place of a byte in a code, and its value, the code after a segment of zeros."""

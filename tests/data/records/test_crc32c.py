"""CRC-32C."""

from __future__ import annotations

import numpy as np

from dnnctl.data.records.crc32c import WIDTH, crc32c


def bit_by_bit(string: bytes) -> int:
    """The definition: division by the polynomial, one bit at a time."""
    code = 0xFFFFFFFF
    for byte in string:
        code ^= byte
        for _ in range(8):
            code = (code >> 1) ^ (0x82F63B78 if code & 1 else 0)
    return code ^ 0xFFFFFFFF


def test_the_codes_are_those_of_the_definition() -> None:
    draw = np.random.default_rng(0)
    lengths = [*range(9), WIDTH - 1, WIDTH, WIDTH + 1, 2 * WIDTH, 3 * WIDTH + 5, 1000]
    strings = [draw.bytes(length) for length in lengths]
    assert crc32c(strings).tolist() == [bit_by_bit(string) for string in strings]
    assert crc32c([]).tolist() == []
    assert crc32c([b"123456789"]).tolist() == [0xE3069283]  # the check value of the standard

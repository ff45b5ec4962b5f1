"""Which plain YAML scalars are numbers and booleans: the core schema of YAML 1.2, for reading and writing.

PyYAML follows YAML 1.1, where `1e-3` is text, `no` is false and `1:30` is ninety.
Source: YAML 1.2.2, section 10.3.2.
"""

from __future__ import annotations

import math
import re

NULL = re.compile(r"~|null|Null|NULL|")
BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN")

MAX_DIGITS = 40
"""The longest integer, in characters. Python refuses to print integers of more than 4,300 digits."""


def parse_scalar(text: str) -> str | int | float | bool | None:
    """The value of a plain (unquoted) scalar."""
    if NULL.fullmatch(text):
        return None
    if BOOL.fullmatch(text):
        return text.lower() == "true"
    if INT.fullmatch(text):
        return _parse_int(text)
    if FLOAT.fullmatch(text):
        return float(re.sub(r"^([-+]?)\.(inf|nan)$", r"\1\2", text.lower()))
    return text


def _parse_int(text: str) -> int | float:
    if len(text) > MAX_DIGITS:
        return math.inf  # the reader refuses it
    return int(text, 0) if text.startswith(("0x", "0o")) else int(text)

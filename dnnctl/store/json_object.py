"""Reads JSON objects as dataclasses. Each field is checked here, once, and damaged fields are reported by name.

The annotation of a field defines its type: `str`, `int`, `float`, `bool`, `X | None`, `tuple[X, ...]` for a list,
`dict[str, X]` for an object with arbitrary keys, another dataclass, or `Any`. Missing and damaged fields get their
defaults. A dataclass may also be written as a list of its fields, in order. Whole numbers must fit into 64 bits.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from dnnctl.store.files import read_text

T = TypeVar("T")
Report = Callable[[str, str], None]
"""Called with the path of a damaged field and the rule that it breaks."""
Parser = Callable[[Any, str, Report], Any]

LEAST, MOST = -(2**63), 2**63 - 1
"""Larger whole numbers cannot be floats, positions or seeds."""
WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


class Damage(Exception):  # noqa: N818 (it never leaves this file)
    """A value does not have the type of its field."""


def read_object(path: Path, cls: type[T]) -> tuple[T | None, list[str]]:
    """The object in a JSON file, and what is wrong with it; None if the file does not contain such an object."""
    try:
        value = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError) as error:
        return None, [f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}"]
    return parse_object(value, cls, what=path.name)


def parse_text(text: str, cls: type[T], *, what: str) -> tuple[T | None, list[str]]:
    """The same as `parse_object`, from text that is JSON."""
    return parse_object(json.loads(text), cls, what=what)


def parse_object(value: Any, cls: type[T], *, what: str) -> tuple[T | None, list[str]]:
    """The object from plain JSON values, and what is wrong with them.

    Args:
        what: the name of the object in messages, such as its file name.
    """
    damages: list[str] = []
    try:
        found: T = _parser(cast(Any, cls))(
            value, "", lambda path, rule: damages.append(f"{what}: {path.lstrip('.')} {rule}")
        )
    except Damage as damage:
        return None, [*damages, f"{what} {damage}"]
    return found, damages


def plain(value: Any) -> Any:
    """Dataclasses as plain JSON values; fields that are None are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: plain(entry) for name, entry in found.items() if entry is not None}
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value


@cache
def _parser(annotation: Any) -> Parser:
    """A function that checks and converts values of a type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any:
        return lambda value, _path, _report: value
    if origin in (Union, UnionType):
        (inner,) = (each for each in arguments if each is not NoneType)
        parse = _parser(inner)
        return lambda value, path, report: None if value is None else parse(value, path, report)
    if origin is tuple:
        return _list_parser(_parser(arguments[0]))
    if origin is dict:
        return _mapping_parser(_parser(arguments[1]))
    if is_dataclass(annotation):
        return _object_parser(annotation)
    return _scalar_parser(annotation)


def _scalar_parser(kind: type) -> Parser:
    allowed = (int, float) if kind is float else (kind,)

    def parse(value: Any, _path: str, _report: Report) -> Any:
        if type(value) not in allowed or (type(value) is int and not LEAST <= value <= MOST):
            raise Damage(f"must be {WORDS[kind]}. Received: {_shown(value)}")
        return value

    return parse


def _list_parser(parse_entry: Parser) -> Parser:
    def parse(value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, list):
            raise Damage(f"must be a list. Received: {_shown(value)}")
        return tuple(parse_entry(entry, f"{path}.{place}", report) for place, entry in enumerate(value))

    return parse


def _mapping_parser(parse_entry: Parser) -> Parser:
    def parse(value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, dict):
            raise Damage(f"must be an object. Received: {_shown(value)}")
        return {key: parse_entry(entry, f"{path}.{key}", report) for key, entry in value.items()}

    return parse


def _object_parser(cls: Any) -> Parser:
    hints = get_type_hints(cls)
    parsers = [(field.name, _parser(hints[field.name])) for field in fields(cls)]
    required = [f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING]

    def parse(value: Any, path: str, report: Report) -> Any:
        if isinstance(value, list) and len(value) == len(parsers):
            value = dict(zip((name for name, _ in parsers), value, strict=True))
        if not isinstance(value, dict):
            raise Damage(f"must be an object. Received: {_shown(value)}")
        found: dict[str, Any] = {}
        for name, parse_field in parsers:
            entry = value.get(name)
            if entry is None:
                continue
            try:
                found[name] = parse_field(entry, f"{path}.{name}", report)
            except Damage as damage:
                report(f"{path}.{name}", str(damage))
        missing = [name for name in required if name not in found]
        if missing:
            raise Damage(f"has no valid {missing[0]}")
        return cls(**found)

    return parse


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else f"{text[:39]}…"

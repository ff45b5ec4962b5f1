"""The reference of the spec: what its docstrings and types say about each section and key."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args, get_origin

from pydantic_core import PydanticUndefined

from dnnctl.specs.field import Kind, Section
from dnnctl.specs.reading.introspection import is_section, kinds_of, members
from dnnctl.specs.reading.schema import field_docs
from dnnctl.specs.reading.yaml_writer import write_yaml

NameValue: TypeAlias = Callable[[str, type[Section] | None], str]
TYPE_NAMES = {"int": "whole number", "float": "number", "bool": "true, false", "str": "text", "Any": "values"}


@dataclass(frozen=True)
class KeyReference:
    """One key of a section."""

    name: str
    values: tuple[str, ...]
    """The words and types that it may have."""
    default: str | None
    """As YAML; None if the key is required."""
    meaning: str


def describe_section(section: type[Section]) -> str:
    """The docstring of a section."""
    return inspect.cleandoc(section.__doc__ or "")


def describe_keys(section: type[Section], name_value: NameValue = lambda word, _: word) -> list[KeyReference]:
    """The keys of a section except `kind`.

    Args:
        name_value: how a word among the values is written; if it names a section, with that section.
    """
    return [_describe_key(section, name, name_value) for name in section.model_fields if name != "kind"]


def _describe_key(section: type[Section], name: str, name_value: NameValue) -> KeyReference:
    field = section.model_fields[name]
    default = None if field.default is PydanticUndefined else _written(field.default)
    meaning = " ".join(field_docs(section).get(name, "").split())
    return KeyReference(
        field.alias or name, tuple(dict.fromkeys(_values(field.annotation, name_value))), default, meaning
    )


def _written(value: Any) -> str:
    if isinstance(value, Section):
        changed = [name for name, field in type(value).model_fields.items() if getattr(value, name) != field.default]
        assert changed in ([], ["kind"]), "the default of a section is a word or the section's own defaults"
        return value.kind if isinstance(value, Kind) else "{}"
    return write_yaml(value).replace("...", "").strip() if not isinstance(value, str) else value or "''"


def _values(annotation: Any, name_value: NameValue) -> Iterable[str]:
    for member in members(annotation):
        if get_origin(member) is list:
            yield f"list of {', '.join(_values(get_args(member)[0], name_value))}"
        elif get_origin(member) is dict:
            yield f"mapping to {', '.join(_values(get_args(member)[1], name_value))}"
        elif get_origin(member) is Literal:
            yield from (name_value(str(word), None) for word in get_args(member))
        elif is_section(member):
            kinds = kinds_of([member]) if issubclass(member, Kind) else [member.__name__]
            yield from (name_value(kind, member) for kind in kinds)
        else:
            yield TYPE_NAMES[member.__name__]

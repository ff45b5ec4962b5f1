"""What a spec may contain at a path, from the types of its sections."""

from __future__ import annotations

from collections.abc import Iterable
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from dnnctl.specs.field import FORMS, Kind, Section


def alternatives(root: type[Section], location: Iterable[str | int]) -> list[Any]:
    """The types of a value at a location, which may name alternatives (`optimizer.sgd.momentum`)."""
    options: list[Any] = [root]
    for part in location:
        options = _descend(options, part)
    return options


def keys_of(options: Iterable[Any]) -> list[str]:
    """The keys of the sections among the options."""
    fields = (field for option in options if is_section(option) for field in option.model_fields.items())
    return list(dict.fromkeys(field.alias or key for key, field in fields))


def kinds_of(options: Iterable[Any]) -> list[str]:
    """The kinds among the options, in order of declaration."""
    kinds = [option for option in options if is_section(option) and issubclass(option, Kind)]
    return [word for kind in kinds for word in get_args(kind.model_fields["kind"].annotation)]


def key_options(options: Iterable[Any], key: str) -> list[Any]:
    """The types that the value of a key may have, in any section among the options."""
    fields = [_fields(option)[key] for option in options if is_section(option) and key in option.model_fields]
    return [member for field in fields for member in members(field.annotation)]


def item_options(options: Iterable[Any]) -> list[Any]:
    """The types that an entry of a list may have, in any list among the options."""
    items = [get_args(option)[0] for option in options if get_origin(option) is list]
    return [member for item in items for member in members(item)]


def default_of(options: Iterable[Any], key: str) -> Any:
    """The default of a key in the first section among the options that has the key."""
    sections = [option for option in options if is_section(option) and key in option.model_fields]
    return _fields(sections[0])[key].default if sections else None


def of_kind(options: Iterable[Any], kind: Any) -> list[Any]:
    """The options of a kind; all of them if none is."""
    options = list(options)
    return [option for option in options if kind in kinds_of([option])] or options


def is_section(option: Any) -> bool:
    """Whether a type is a section of the spec."""
    return isinstance(option, type) and issubclass(option, Section)


def members(annotation: Any) -> list[Any]:
    """The members of a union, without their metadata."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return members(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [member for part in get_args(annotation) for member in members(part)]
    return [annotation]


def words_of(options: Iterable[Any]) -> list[str]:
    """The bare words among the options."""
    return [word for option in options if get_origin(option) is Literal for word in get_args(option)]


def sections_of(root: type[Section]) -> list[type[Section]]:
    """The root and every section that may occur in it, each once, in reading order."""
    found: list[type[Section]] = []

    def visit(annotation: Any) -> None:
        for member in members(annotation):
            if get_origin(member) in (list, dict):
                visit(get_args(member)[-1])
            elif is_section(member) and member not in found:
                found.append(member)
                for field in _fields(member).values():
                    visit(field.annotation)

    visit(root)
    return found


def _fields(section: type[Section]) -> dict[str, FieldInfo]:
    """The fields of a section. The types of a recursive one (`residual`) are known only after it is built."""
    if not section.__pydantic_fields_complete__:
        section.model_rebuild()
    return section.model_fields


def _descend(options: list[Any], part: str | int) -> list[Any]:
    if part in FORMS:
        return options
    named = [option for option in options if part in kinds_of([option])]
    if named:
        return named
    if isinstance(part, int):
        return item_options(options)
    return key_options(options, part)

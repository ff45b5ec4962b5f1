"""What is certainly wrong inside a mapping whose `kind` is unknown or missing.

pydantic does not look inside such a mapping. Therefore each alternative is tried, and a fault is certain if all
alternatives have a fault at the same place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from pydantic import ValidationError

from dnnctl.specs.field import Kind, Section
from dnnctl.specs.reading.form_hints import form_hint
from dnnctl.specs.reading.introspection import alternatives, is_section, kinds_of

Finding: TypeAlias = Mapping[str, Any]
"""One of pydantic's errors."""

UNKNOWN_KIND = ("union_tag_invalid", "union_tag_not_found")


def with_findings_inside(findings: Iterable[Finding], root: type[Section]) -> Iterator[Finding]:
    """The findings, each followed by those that it hides."""
    for finding in findings:
        yield finding
        if finding["type"] in UNKNOWN_KIND and isinstance(finding["input"], dict):
            options = alternatives(root, finding["loc"])
            kinds = [option for option in options if is_section(option) and issubclass(option, Kind)]
            if not _is_kind_as_key(finding["input"], kinds):
                yield from with_findings_inside(_inside(finding, kinds), root)


def _is_kind_as_key(value: dict[str, Any], kinds: list[type[Kind]]) -> bool:
    """Whether a mapping is one like `{dense: 64}`. That the key is unknown need not be said then."""
    return bool(form_hint((), value, kinds))


def _inside(finding: Finding, kinds: list[type[Kind]]) -> list[Finding]:
    tried = {kinds_of([kind])[0]: _try(kind, finding["input"]) for kind in kinds}
    certain: dict[tuple[str | int, ...], Finding] = {}
    for word, found in tried.items():
        for each in found:
            location = each["loc"]
            is_unknown_key = each["type"] == "extra_forbidden"
            if (location in certain and is_unknown_key) or not all(
                _rejects(other, location) for other in tried.values()
            ):
                continue
            inner = () if is_unknown_key and len(location) == 1 else (word,)
            certain[location] = {**each, "loc": (*finding["loc"], *inner, *location)}
    return list(certain.values())


def _try(kind: type[Kind], values: dict[str, Any]) -> list[Finding]:
    """What is wrong with the values if they are of this kind; missing keys are not counted."""
    try:
        kind.model_validate({**values, "kind": kinds_of([kind])[0]})
    except ValidationError as error:
        found: Any = error.errors(include_url=False)
        return [each for each in found if each["type"] != "missing" and each["loc"]]
    return []


def _rejects(findings: list[Finding], location: tuple[str | int, ...]) -> bool:
    """Whether one of the findings is about the value at a location, or about a mapping or list around it."""
    return any(location[: len(each["loc"])] == each["loc"] for each in findings)

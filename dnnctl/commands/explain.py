"""Explain the keys of a spec from its docstrings, and say where a value of a spec comes from. Loads no framework."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin

from dnnctl.errors import Place, UserError
from dnnctl.specs import LoadedSpec, Spec, load, to_plain
from dnnctl.specs.field import Kind, Section
from dnnctl.specs.layer import WeightedLayer
from dnnctl.specs.path import Path as SpecPath
from dnnctl.specs.path import dotted
from dnnctl.specs.reading.hints import key_hint
from dnnctl.specs.reading.introspection import is_section, kinds_of, members
from dnnctl.specs.reading.reference import KeyReference, describe_keys, describe_section
from dnnctl.specs.reading.yaml_writer import write_inline


@dataclass(frozen=True)
class Topic:
    """A section, an alternative of a choice, or a key."""

    path: tuple[str, ...]
    """The keys that lead to it; kinds are parts of it: `schedule.one_cycle.max_rate`."""
    sections: tuple[type[Section], ...]
    """What may be written there."""
    key: KeyReference | None = None
    """None for an alternative of a choice."""

    @property
    def name(self) -> str:
        """The path as it is written on the command line."""
        return dotted(self.path) or "spec"

    @property
    def summary(self) -> str:
        """One sentence."""
        text = self.key.meaning if self.key else describe_section(self.sections[0])
        return " ".join(text.split()).split(". ")[0].rstrip(".") + "."


@dataclass(frozen=True)
class Provenance:
    """A value of a spec and where it comes from."""

    path: str
    value: str
    """As YAML."""
    source: str
    """`default`, `inherited from …`, or where it is written."""
    place: Place | None = None


def find_topics(words: str) -> list[Topic]:
    """What a user means by a path or a part of one: `optimizer`, `one_cycle`, `sgd.momentum`.

    Raises:
        UserError: there is nothing of this name.
    """
    asked = tuple(part for part in words.strip(". ").split(".") if part)
    topics = all_topics()
    exact = [topic for topic in topics if topic.path == asked]
    if exact:
        return exact[:1]
    found = [topic for topic in topics if _is_meant(topic.path, asked)]
    kept: dict[Any, Topic] = {}
    for topic in sorted(found, key=lambda topic: len(topic.path)):
        kept.setdefault((topic.sections, topic.key), topic)
    if not kept:
        names = sorted({topic.path[-1] for topic in topics if topic.path})
        hint = key_hint(asked[-1] if asked else "", names).partition("Allowed:")[0].strip()
        raise UserError(f"A spec has no '{words}'. {hint or 'List the sections with `dnnctl explain`.'}")
    return list(kept.values())


def _is_meant(path: Sequence[str], asked: Sequence[str]) -> bool:
    """Whether a path ends like what was asked for, and has the other parts in this order."""
    if not path or not asked or path[-1] != asked[-1]:
        return False
    rest = iter(path)
    return all(part in rest for part in asked)


def choices_of(topic: Topic) -> list[Topic]:
    """The alternatives of a choice, or the keys of a section, one level below a topic."""
    return [each for each in all_topics() if len(each.path) == len(topic.path) + 1 and each.path[:-1] == topic.path]


@cache
def all_topics() -> tuple[Topic, ...]:
    """Every section, alternative and key of a spec, the nearest to the top first."""
    return tuple(_walk(Spec, (), ()))


def _walk(section: type[Section], path: tuple[str, ...], above: tuple[type[Section], ...]) -> Iterator[Topic]:
    section.model_rebuild()
    for key in describe_keys(section):
        here = (*path, key.name)
        below = _sections(section.model_fields[key.name].annotation)
        yield Topic(here, tuple(below), key)
        for each in below:
            if each in above:
                continue  # a residual block contains layers
            if not issubclass(each, Kind):
                yield from _walk(each, here, (*above, each))
                continue
            for kind in kinds_of([each]):
                yield Topic((*here, kind), (each,))
                yield from _walk(each, (*here, kind), (*above, each))


def _sections(annotation: Any) -> list[type[Section]]:
    found: list[type[Section]] = []
    for member in members(annotation):
        if get_origin(member) is list:
            found += _sections(get_args(member)[0])
        elif is_section(member):
            found.append(member)
    return found


def example_of(topic: Topic) -> str:
    """The topic as it is written in a spec, with the defaults of its keys and `…` for required values."""
    if topic.key is None:
        kind = topic.path[-1]
        keys = [f"{key.name}: {key.default or '…'}" for key in describe_keys(topic.sections[0])]
        value = f"{{{', '.join([f'kind: {kind}', *keys])}}}" if keys else kind
        return f"- {value}" if topic.path[-2] == "layers" else f"{topic.path[-2]}: {value}"
    return f"{topic.path[-1]}: {topic.key.default or '…'}"


def find_value(spec: str | Path, key: str, overrides: Sequence[str] = ()) -> Provenance:
    """The value of a key in a spec, and where it comes from.

    Raises:
        SpecError: the spec is not valid.
        UserError: it has no such key.
    """
    loaded = load(spec, overrides)
    path: SpecPath = tuple(int(part) if part.isdecimal() else part for part in key.split("."))
    value, inherited = _value_at(loaded, path)
    found = loaded.document.find(path)
    written = write_inline(value)
    if found is not None:
        return Provenance(key, written, "written", found.key_place or found.place)
    if inherited is not None:
        node = loaded.document.find(inherited)
        place = node.key_place or node.place if node else None
        return Provenance(key, written, f"inherited from {dotted(inherited)}", place)
    return Provenance(key, written, "default")


def _value_at(loaded: LoadedSpec, path: SpecPath) -> tuple[Any, SpecPath | None]:
    """The value at a path, and the path that it is inherited from; None if it is its own."""
    value: Any = loaded.spec
    inherited: SpecPath | None = None
    for depth, part in enumerate(path):
        layer = value
        value = _child(value, part)
        if value is None:
            here = dotted(path[:depth]) or "the spec"
            names = list(type(layer).model_fields) if isinstance(layer, Section) else []
            raise UserError(f"{here} has no '{part}'. {key_hint(str(part), names)}".strip())
        if isinstance(layer, WeightedLayer) and (getattr(value, "kind", value) == "inherit"):
            inherited = ("model", "defaults", *path[depth:])
            value = getattr(loaded.spec.model.defaults, str(part))
    return _plain(value), inherited


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Kind) and value.has_only_kind() and len(type(value).model_fields) == 1:
        return value.kind
    return to_plain(value) if isinstance(value, Section) else value


def _child(value: Any, part: str | int) -> Any:
    if isinstance(value, Section):
        return getattr(value, str(part), None) if str(part) in type(value).model_fields else None
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return value.get(str(part)) if isinstance(value, dict) else None

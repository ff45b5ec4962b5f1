"""From a file to a spec (read, extend, override, validate) and back to a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from yaml import YAMLError

from dnnctl.errors import Fault, Place, SpecError
from dnnctl.specs.experiment import NAME_PATTERN, Spec
from dnnctl.specs.field import Kind, Section
from dnnctl.specs.path import Path as SpecPath
from dnnctl.specs.path import dotted
from dnnctl.specs.reading.document import Node
from dnnctl.specs.reading.extends import read_with_bases
from dnnctl.specs.reading.overrides import apply_overrides
from dnnctl.specs.reading.spec_file import check_is_no_data, named_path, read_file
from dnnctl.specs.reading.validation_errors import in_order, translate
from dnnctl.specs.reading.yaml_writer import write_yaml
from dnnctl.specs.rules import broken_rules
from dnnctl.specs.source import FILE_KEYS

MAPPING = Path("spec")
"""The name of the file of a spec that is a mapping, in messages and as the default name."""


@dataclass(frozen=True)
class LoadedSpec:
    """A spec together with its sources."""

    spec: Spec
    document: Node
    source: str
    """The text of the file."""
    overrides: tuple[str, ...] = ()

    def place(self, path: SpecPath) -> Place:
        """The place of the value at a path, or of its nearest parent."""
        return self.document.nearest(path).place


def load(source: str | Path | Mapping[str, Any], overrides: Sequence[str] = ()) -> LoadedSpec:
    """The spec in a file, or in a mapping as a file would contain it, with overrides of the form `a.b=value` applied.

    Paths in a mapping are relative to the working directory.

    Raises:
        SpecError: with all faults of the file and the overrides.
    """
    path = MAPPING if isinstance(source, Mapping) else Path(source)
    overrides = [overrides] if isinstance(overrides, str) else overrides
    check_is_no_data(path)
    text = _as_yaml(source) if isinstance(source, Mapping) else read_file(path)
    document, faults = read_with_bases(path, text)
    document, override_faults = apply_overrides(document, overrides)
    return validated(document, path, text, overrides, [*faults, *override_faults])


def validated(
    document: Node, path: Path, text: str, overrides: Sequence[str] = (), faults: Sequence[Fault] = ()
) -> LoadedSpec:
    """The spec in a document.

    Args:
        path: the file that it comes from.
        text: the text of that file.
        faults: what is already known to be wrong with the document.

    Raises:
        SpecError: with all faults.
    """
    document, path_faults = _with_absolute_paths(document)
    document = _with_name(document, path)
    found = [*faults, *path_faults]
    try:
        spec = Spec.model_validate(document.plain())
    except ValidationError as error:
        findings: Any = error.errors(include_url=False)
        raise SpecError(in_order([*found, *translate(findings, document, Spec)])) from None
    found += [Fault(rule, dotted(at), document.nearest(at).place, hint=hint) for at, rule, hint in broken_rules(spec)]
    if found:
        raise SpecError(in_order(found))
    return LoadedSpec(spec, document, text, tuple(overrides))


def load_spec(source: str | Path | Mapping[str, Any], overrides: Sequence[str] = ()) -> Spec:
    """The spec in a YAML file, validated, with its bases merged and overrides of the form `a.b=value` applied.

    Args:
        source: the path of the file, or a mapping with its contents.

    Raises:
        SpecError: with all faults of the file and the overrides.
    """
    return load(source, overrides).spec


def to_plain(section: Section) -> dict[str, Any]:
    """A section as plain values, complete, with a bare word for a mapping of only `kind`.

    What a layer inherits from the defaults is left out.
    """
    values = {name: _plain(getattr(section, name)) for name in type(section).model_fields}
    return {name: value for name, value in values.items() if value != "inherit"}


def to_yaml(spec: Spec) -> str:
    """The complete spec as YAML; reading it gives the same spec."""
    return write_yaml(to_plain(spec))


def digest(spec: Spec) -> str:
    """The identity of a spec: the SHA-256 of its canonical JSON, in hexadecimal."""
    return sha256(dumps(to_plain(spec), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _as_yaml(mapping: Mapping[str, Any]) -> str:
    """A mapping as YAML.

    Raises:
        SpecError: it contains something else than plain values.
    """
    try:
        return write_yaml(dict(mapping))
    except (YAMLError, RecursionError):
        rule = "it contains something that YAML does not have"
        hint = "Allowed: dicts with text as keys, lists, text, numbers, booleans; not NumPy arrays or paths."
        raise SpecError([Fault(rule, str(MAPPING), hint=hint)]) from None


def _plain(value: Any) -> Any:
    if isinstance(value, Kind) and len(type(value).model_fields) == 1:
        return value.kind
    if isinstance(value, Section):
        return to_plain(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _with_name(document: Node, path: Path) -> Node:
    """The document with a name: by default that of its file."""
    if document.child("name") is not None or not isinstance(document.value, dict):
        return document
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.stem).strip("-._")[:64] or "spec"
    assert re.fullmatch(NAME_PATTERN, name)
    return replace(document, value={"name": Node(name, document.place), **document.value})


def _with_absolute_paths(document: Node) -> tuple[Node, list[Fault]]:
    """The document with absolute paths, so that the resolved spec can be read from another folder."""
    faults: list[Fault] = []
    for path, is_path in _path_keys(document).items():
        node = document.find(path)
        if node is None or not isinstance(node.value, str) or not is_path(node.value):
            continue
        try:
            document = _put(document, path, replace(node, value=str(named_path(node, path).resolve())))
        except SpecError as error:
            faults += error.faults
    return document, faults


def _is_file(text: str) -> bool:
    """Whether a file is given, not the word for no file."""
    return text not in ("", "none")


def _is_path(text: str) -> bool:
    """Whether a run is given by a path, not by its id or name."""
    return "/" in text or text.endswith(".keras")


def _path_keys(document: Node) -> dict[tuple[str, ...], Callable[[str], bool]]:
    """The keys that hold paths, and whether a value of each is a path."""
    kind = document.nearest(("data", "source", "kind")).value
    names = FILE_KEYS.get(kind, ("path",)) if isinstance(kind, str) else ()
    keys: dict[tuple[str, ...], Callable[[str], bool]] = {("data", "source", name): _is_file for name in names}
    return {**keys, ("data", "source", "test", "path"): _is_file, ("model", "reuse", "run"): _is_path}


def _put(node: Node, path: tuple[str, ...], value: Node) -> Node:
    if not path:
        return value
    assert isinstance(node.value, dict)
    return replace(node, value={**node.value, path[0]: _put(node.value[path[0]], path[1:], value)})

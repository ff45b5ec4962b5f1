"""The strict YAML reader: turns text into a document with places, and reports all faults of the text.

It rejects duplicate keys, empty values, tags, more than one document, text that is not UTF-8, and text that is large,
deeply nested, or becomes large when its aliases are expanded.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import yaml

from dnnctl.errors import Fault, Place, SpecError
from dnnctl.specs.reading.document import Node
from dnnctl.specs.reading.yaml_rules import parse_scalar

MAX_BYTES = 1 << 20
MAX_NODES = 20_000
MAX_DEPTH = 50

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null")}


def read_document(path: Path) -> tuple[Node, list[Fault]]:
    """The document in a file, and the faults that do not prevent reading it.

    Raises:
        SpecError: the file cannot be read as a YAML mapping. It may be no spec at all, so that its text is not quoted.
    """
    node, faults = read_text(_read_file(path), str(path))
    if not isinstance(node.value, dict):
        received = describe(node) if node.value is None or isinstance(node.value, list) else "a single value"
        place = replace(node.place, text="")
        raise SpecError([Fault("a spec must be a mapping of keys to values", place=place, received=received)])
    return node, faults


def read_text(text: str, name: str) -> tuple[Node, list[Fault]]:
    """The document in a text, and the faults that do not prevent reading it; `name` is its name in messages."""
    lines = text.splitlines() or [""]
    _refuse_bombs(text, name)
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise SpecError([_syntax_fault(error, name, lines)]) from None
    if root is None:
        return Node(None, Place(name)), []
    composer = _Composer(name, lines)
    return composer.convert(root), composer.faults


def describe(node: Node) -> str:
    """A short description of a value for messages."""
    if isinstance(node.value, dict):
        return "a mapping with " + (", ".join(list(node.value)[:6]) or "no keys")
    if isinstance(node.value, list):
        return f"a list of {len(node.value)} entries" if len(node.value) != 1 else "a list of 1 entry"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    return repr(node.value) if isinstance(node.value, str) else str(node.value)


def _read_file(path: Path) -> str:
    def refuse(rule: str, hint: str = "") -> SpecError:
        return SpecError([Fault(rule, place=Place(str(path)), hint=hint)])

    if path.is_dir():
        raise refuse("is a directory; a spec is a YAML file", _specs_inside(path))
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise refuse("no such file", _specs_inside(path.parent)) from None
    except (OSError, ValueError) as error:
        raise refuse(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(raw) > MAX_BYTES:
        raise refuse(f"the file is larger than {MAX_BYTES >> 20} MiB: too large for a spec", "Is this a data file?")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        rule = f"line {line} is not UTF-8 text (byte 0x{raw[error.start]:02x} at offset {error.start})"
        raise refuse(rule, "Save the file as UTF-8.") from None


def _specs_inside(directory: Path) -> str:
    """A hint that lists the YAML files in a directory."""
    try:
        names = sorted(entry.name for entry in directory.iterdir() if entry.suffix in (".yaml", ".yml"))
    except OSError:
        return ""
    return f"YAML files in {directory}: {', '.join(names[:8])}" if names else ""


def _refuse_bombs(text: str, name: str) -> None:
    """Count the values that the text would expand to, from the parser's events, before anything is built."""
    weights: dict[str, int] = {}
    starts: list[tuple[str | None, int]] = []
    total = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.AliasEvent):
                holds_itself = event.anchor in [anchor for anchor, _ in starts]
                total += MAX_NODES + 1 if holds_itself else weights.get(event.anchor or "", 1)
            elif isinstance(event, yaml.ScalarEvent):
                total += 1
                if event.anchor:
                    weights[event.anchor] = 1
            elif isinstance(event, yaml.CollectionStartEvent):
                starts.append((event.anchor, total))
                total += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, before = starts.pop()
                if anchor:
                    weights[anchor] = total - before
            if total > MAX_NODES or len(starts) > MAX_DEPTH:
                rule = (
                    f"has more than {MAX_NODES} values"
                    if total > MAX_NODES
                    else f"is nested more than {MAX_DEPTH} levels deep"
                )
                mark = event.start_mark
                place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
                raise SpecError([Fault(f"the text {rule}, with its aliases expanded", place=place)])
    except yaml.YAMLError as error:
        raise SpecError([_syntax_fault(error, name, text.splitlines() or [""])]) from None


def _syntax_fault(error: yaml.YAMLError, name: str, lines: list[str]) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    context = getattr(error, "context", None)
    rule = "not YAML: " + (f"{problem} ({context})" if context else str(problem))
    hint = "Indent with spaces, not tabs." if "\\t" in str(problem) or "cannot start any token" in str(problem) else ""
    place = _place(mark, name, lines) if mark else Place(name)
    return Fault(rule, place=place, hint=hint)


def _place(mark: yaml.Mark, name: str, lines: list[str]) -> Place:
    text = lines[mark.line] if mark.line < len(lines) else ""
    return Place(name, mark.line + 1, mark.column + 1, text)


class _Composer:
    """Turns nodes of PyYAML into ours and collects faults."""

    def __init__(self, name: str, lines: list[str]) -> None:
        self.name = name
        self.lines = lines
        self.faults: list[Fault] = []

    def convert(self, node: yaml.Node, path: str = "", key_place: Place | None = None) -> Node:
        place = _place(node.start_mark, self.name, self.lines)
        if _has_foreign_tag(node):
            fault = Fault("tags are not allowed", path, place, received=str(node.tag), hint="Remove the tag.")
            self.faults.append(fault)
        if isinstance(node, yaml.MappingNode):
            return Node(self._mapping(node, path), place, key_place)
        if isinstance(node, yaml.SequenceNode):
            items = [self.convert(item, _join(path, index)) for index, item in enumerate(node.value)]
            return Node(items, place, key_place)
        value = node.value if getattr(node, "style", None) else parse_scalar(node.value)
        return Node(value, place, key_place)

    def _mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for key_node, value_node in node.value:
            place = _place(key_node.start_mark, self.name, self.lines)
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                self.faults.append(Fault("a key must be a word", path, place, received="a list or a mapping"))
                continue
            here = _join(path, key)
            if key in entries:
                first = entries[key].key_place
                line = first.line if first else 0
                rule = f"duplicate key '{key}', first on line {line}, again on line {place.line}"
                hint = f"{line:>6} | {first.text if first else ''}"
                self.faults.append(Fault(rule, here, place, hint=f"Remove one of them. First: {hint.strip()}"))
                continue
            value = self.convert(value_node, here, place)
            if value.value is None:
                hint = "Write a value (`none` for nothing) or remove the line."
                self.faults.append(Fault("the key has no value", here, place, hint=hint))
                continue
            entries[key] = value
        return entries


def _has_foreign_tag(node: yaml.Node) -> bool:
    """Whether a node has an explicit tag, and not one that YAML 1.1 implies (for a date, `<<`, `=`)."""
    guesses = ("timestamp", "merge", "value") if isinstance(node, yaml.ScalarNode) else ()
    return str(node.tag) not in _CORE_TAGS and str(node.tag).removeprefix("tag:yaml.org,2002:") not in guesses


def _join(path: str, key: str | int) -> str:
    return f"{path}.{key}" if path else str(key)

"""Changes values in the file of a spec and leaves everything else, also comments and layout, as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from dnnctl.errors import Fault, Place, SpecError
from dnnctl.specs.path import Path as SpecPath
from dnnctl.specs.path import dotted
from dnnctl.specs.reading.load import load, to_plain
from dnnctl.specs.reading.merge_target import WITHOUT_KEYS
from dnnctl.specs.reading.spec_file import check_can_be_read_again, read_file
from dnnctl.specs.reading.yaml_writer import write_inline

Changes: TypeAlias = Sequence[tuple[SpecPath, Any]]


def set_in_text(text: str, path: SpecPath, value: Any, wanted: dict[str, Any]) -> str:
    """The text of a spec with a value at a path: in place of another one, in an existing mapping, or on a new line.

    Args:
        wanted: the spec that the text is to give, as plain values, with the kinds of mappings that are not written
            yet.

    Raises:
        ValueError: the path leads through a list or a value that the text does not have.
    """
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, key in enumerate(path):
        if isinstance(node, yaml.ScalarNode):
            return _splice(text, node, _mapping_for(node.value, path[depth:], value))
        child = _child(node, key)
        if child is None:
            return _insert(text, node, str(key), _nested(path[depth + 1 :], value, _below(wanted, path[: depth + 1])))
        node = child
    return _splice(text, node, value)


def set_in_file(path: Path, changes: Changes) -> None:
    """Set values in the file of a spec. The file is only written if nothing else in the spec changes.

    Raises:
        SpecError: the values cannot be set without changing anything else.
    """
    check_can_be_read_again(path)
    before, text = load(path), read_file(path)
    name = f'name="{before.spec.name}"'
    aside = path.with_name(f".{path.stem}.changed{path.suffix}")
    try:
        wanted = to_plain(load(path, [f"{dotted(at)}={write_inline(value)}" for at, value in changes]).spec)
        for at, value in changes:
            text = set_in_text(text, at, value, wanted)
        aside.unlink(missing_ok=True)  # it may be a link to another file
        aside.write_text(text, encoding="utf-8")
        if to_plain(load(aside, [name]).spec) != wanted:
            raise ValueError
        aside.replace(path)
    except (SpecError, OSError, ValueError, yaml.YAMLError) as error:
        rule = "cannot be written without changing other parts of the file"
        hint = "Edit it by hand: " + ", ".join(f"{dotted(at)}: {write_inline(value)}" for at, value in changes)
        raise SpecError([Fault(rule, dotted(changes[0][0]), Place(str(path)), hint=hint)]) from error
    finally:
        aside.unlink(missing_ok=True)


def _child(node: Any, key: str | int) -> Any:
    """The value under a key or an index; None if a mapping has no such key.

    Raises:
        ValueError: a list has no such entry.
    """
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == key), None)
    if not isinstance(key, int) or key >= len(node.value):
        raise ValueError(f"no entry {key}")
    return node.value[key]


def _mapping_for(word: str, path: SpecPath, value: Any) -> Any:
    """What replaces a bare word so that it has a value at a path: `sgd` becomes `{kind: sgd, learning_rate: 0.1}`."""
    if path == ("kind",):
        return value
    kept = {} if word in WITHOUT_KEYS else {"kind": word}
    return {**kept, str(path[0]): _nested(path[1:], value, None)}


def _nested(path: SpecPath, value: Any, wanted: Any) -> Any:
    """The value in a mapping for each key of the path; a mapping that has a kind starts with it."""
    if not path:
        return value
    kind = {"kind": wanted["kind"]} if isinstance(wanted, dict) and "kind" in wanted else {}
    return {**kind, str(path[0]): _nested(path[1:], value, _below(wanted, path[:1]))}


def _below(wanted: Any, path: SpecPath) -> Any:
    for key in path:
        wanted = wanted.get(key) if isinstance(wanted, dict) else None
    return wanted


def _splice(text: str, node: yaml.Node, value: Any) -> str:
    start = node.start_mark.index
    return text[:start] + write_inline(value) + text[_end(node) :]


def _end(node: yaml.Node) -> int:
    """The offset after a value. A mapping or a list in block style ends with its last value, before any comment."""
    if isinstance(node, yaml.ScalarNode) or getattr(node, "flow_style", True):
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _insert(text: str, node: yaml.MappingNode, key: str, value: Any) -> str:
    """The text with a new key in a mapping."""
    entry = f"{key}: {write_inline(value)}"
    end = _end(node)
    if node.flow_style:
        inside = text[: end - 1].rstrip()
        return f"{inside}{'' if not node.value else ', '}{entry}{text[end - 1 :]}"
    column = node.start_mark.column
    line_end = text.find("\n", end)
    head, tail = (text, "") if line_end < 0 else (text[:line_end], text[line_end:])
    gap = "\n" if column == 0 else ""
    return f"{head}\n{gap}{' ' * column}{entry}{tail}"

"""Hints for values in a form that a spec does not have there: `dropout: 0.3`, `Adam(lr=0.001)`, `model: [64, 64]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from dnnctl.specs.experiment import Spec
from dnnctl.specs.field import Section
from dnnctl.specs.path import Path
from dnnctl.specs.reading.hints import meant_key, meant_word, path_of, squash
from dnnctl.specs.reading.introspection import (
    alternatives,
    is_section,
    item_options,
    key_options,
    keys_of,
    kinds_of,
    of_kind,
    words_of,
)
from dnnctl.specs.reading.yaml_writer import write_inline

PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")
FILE = re.compile(r"\S*(/|\.[A-Za-z]\w+)")
"""A word that is the path of a file or a folder."""
CALL = re.compile(r"([A-Za-z_][\w.]*?)(?:\(([\w.=,'\"+\s-]*)\)?)?")
"""A class as code names it, `torch.optim.Adam`, or makes an object of it. YAML ends it at a comma in a list."""
SIZE = re.compile(r"(\d+) ?[x×*] ?(\d+)")
ENDINGS = {"tsv": "csv", "txt": "csv", "feather": "arrow", "json": "jsonl", "tfrecords": "tfrecord"}
"""The kinds of files whose endings have other names."""
MAX_KINDS = 6
SWITCHES = {"yes": "true", "on": "true", "no": "false", "off": "false"}
MAPPINGS = {
    "clip": "{{kind: norm, value: {}}}",
    "constraint": "{{kind: max_norm, radius: {}}}",
    "dropout": "{{kind: dropout, rate: {}}}",
    "early_stopping": "{{patience: {}}}",
    "optimizer": "{{kind: sgd, learning_rate: {}}}",
    "regularizer": "{{kind: l2, strength: {}}}",
    "test": "{{size: {}}}",
    "training": "{{epochs: {}}}",
    "validation": "{{size: {}}}",
    "warmup": "{{steps: {}}}",
}
"""By key: the mapping that somebody means who writes a number only."""
EXAMPLES = {"early_stopping": 5, "validation": 0.1, "test": 0.2, "dropout": 0.2, "regularizer": 0.001, "clip": 1.0}
"""By key: the number for somebody who writes `yes`."""


def form_hint(path: Path, value: Any, options: Sequence[Any]) -> str:
    """How to write what was meant; empty if that is not known.

    Args:
        value: what was written, as plain values.
        options: the types that the value may have.
    """
    return next((hint for each in HINTS if (hint := each(path, value, options))), "")


def _number(path: Path, value: Any, _: Sequence[Any]) -> str:
    """A number is written in the mapping that it is meant for; among layers it is a number of units."""
    number = _meant_number(value)
    if number is None:
        return ""
    if path[-2:-1] == ("layers",) and isinstance(number, int) and number > 0:
        return f"Write `{{kind: dense, units: {number}}}`."
    return _write(path, MAPPINGS[_key(path)].format(number)) if _key(path) in MAPPINGS else ""


def _meant_number(value: Any) -> int | float | None:
    """A number, also one written as `20 %`; None for another value."""
    percent = PERCENT.fullmatch(value) if isinstance(value, str) else None
    if percent:
        return round(float(percent[1]) / 100, 6)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _switch(path: Path, value: Any, options: Sequence[Any]) -> str:
    word = str(value).lower()
    meant = SWITCHES.get(word, word)
    if meant not in SWITCHES.values():
        return ""
    if bool in options:
        return _write(path, meant)
    if _key(path) in MAPPINGS:
        return _write(path, MAPPINGS[_key(path)].format(EXAMPLES.get(_key(path), "…")) if meant == "true" else "none")
    return ""


def _section(path: Path, value: Any, options: Sequence[Any]) -> str:
    """What one of its keys holds, in place of a section: `data: mnist`, `output: linear`, `features: [rooms]`."""
    if path == ("model",) and isinstance(value, str | list):
        return "Write `model: {layers: […]}`."
    if kinds_of(options):
        return ""
    if _key(path) == "features" and isinstance(value, list):
        return _write(path, write_inline({"include": value}))
    for key in keys_of(options) if isinstance(value, str) else ():
        below = key_options(options, key)
        word = meant_word(value, [*kinds_of(below), *words_of(below)])
        if word and key != "kind":
            return _write(path, write_inline({key: word}))
    return ""


def _layers(path: Path, value: Any, options: Sequence[Any]) -> str:
    """What is in place of a list of layers."""
    if _key(path) != "layers" or isinstance(value, list):
        return ""
    number, layer = _meant_number(value), item_options(options)
    entry = f"{{kind: dense, units: {number}}}" if number is not None else _as_kind(value, layer) or "…"
    return f"Write a list: `layers: [{entry}]`."


def _file(path: Path, value: Any, _: Sequence[Any]) -> str:
    """A file in place of the data set."""
    if path not in (("data",), ("data", "source")) or not isinstance(value, str) or not FILE.match(value):
        return ""
    return f"`dnnctl init new.yaml --from {value}` writes a spec for your own data."


def data_hint(key: str, value: Any) -> str:
    """What to do with a file under an unknown key that means the data."""
    return _file(("data",), value, ()) if path_of(key) in ("data.source", "data.source.path") else ""


def _single(path: Path, value: Any, options: Sequence[Any]) -> str:
    """A list of one word in place of the word, or the word in place of the list."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        word = meant_word(value[0], kinds_of(options))
        return _write(path, word) if word else ""
    items = kinds_of(item_options(options))
    word = meant_word(value, items) if isinstance(value, str) else ""
    return _write(path, f"[{word}]") if word and _key(path) != "layers" else ""


def _activation(path: Path, value: Any, options: Sequence[Any]) -> str:
    """The name of an activation among the layers."""
    if squash(str(value)) == "softmax" and path[-2:-1] == ("layers",):
        return "Remove it: the output layer is added, with an activation that fits the data (`model.output`)."
    if path[-2:-1] != ("layers",) or not isinstance(value, str) or meant_word(value, kinds_of(options)):
        return ""
    word = meant_word(value, kinds_of(alternatives(Spec, ("model", "defaults", "activation"))))
    return f"Write `activation: {word}` in the layer before it, or in `model.defaults`." if word else ""


def _kind(path: Path, value: Any, options: Sequence[Any]) -> str:
    """A class as code makes an object of it, or `{dense: 64}`."""
    written = _as_kind(value, options)
    return _write(path, written) if written else ""


def _as_kind(value: Any, options: Sequence[Any]) -> str:
    """What is meant by `Adam(lr=0.001)` or `{adam: {lr: 0.001}}`, as YAML."""
    if isinstance(value, dict) and value:
        (name, given), *others = value.items()
        arguments = [*(given.items() if isinstance(given, dict) else [("", given)]), *others]
    elif isinstance(value, str) and ("(" in value or "." in value) and (call := CALL.fullmatch(value)):
        name, arguments = call[1].rpartition(".")[2], list(_arguments(call[2] or ""))
    else:
        return ""
    kind = meant_word(name, kinds_of(options))
    if not kind:
        return ""
    (section,) = of_kind([option for option in options if is_section(option)], kind)
    mapping = _as_mapping(arguments, section)
    if isinstance(value, dict) and not set(mapping) <= set(keys_of([section])):
        return ""
    return write_inline({"kind": kind} | mapping if mapping else kind)


def _arguments(text: str) -> Iterator[tuple[str, Any]]:
    """The arguments of a call, with an empty name if they have none."""
    for argument in filter(str.strip, text.split(",")):
        name, _, value = argument.rpartition("=")
        yield name.strip(), _plain(value.strip())


def _plain(text: str) -> Any:
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return {"True": True, "False": False}.get(text, text.strip("'\""))


def _as_mapping(arguments: Iterable[tuple[str, Any]], section: type[Section]) -> dict[str, Any]:
    """Arguments by their keys. Those without names are meant for the section's own keys, in their order, if one of them
    is needed; otherwise for the learning rate.
    """
    keys = [key for key in keys_of([section]) if key != "kind"]
    own = [key for key in section.__annotations__ if key != "kind"]
    is_needed = any(section.model_fields[key].is_required() for key in own)
    unnamed = iter(own if is_needed else [key for key in keys if key == "learning_rate"])
    found = [(meant_key(name, keys) or name if name else next(unnamed, ""), value) for name, value in arguments]
    return {key: value for key, value in found if key}


def _size(path: Path, value: Any, _: Sequence[Any]) -> str:
    """A height and a width: `24x24`."""
    size = SIZE.fullmatch(value) if isinstance(value, str) and _key(path) == "size" else None
    return _write(path, f"[{size[1]}, {size[2]}]") if size else ""


def _without_kind(path: Path, value: Any, options: Sequence[Any]) -> str:
    """A mapping with keys but without its kind, which the keys or the ending of the path show."""
    if not isinstance(value, dict) or not value or "kind" in value:
        return ""
    value = {meant_key(key, ["kind"]) or key: entry for key, entry in value.items()}
    if "kind" in value:
        kind = meant_word(str(value["kind"]), kinds_of(options))
        return _write(path, write_inline({**value, "kind": kind})) if kind else ""
    kinds = [kind for kind in kinds_of(options) if set(value) <= set(keys_of(of_kind(options, kind)))]
    named = str(value.get("path", ""))
    if path == ("data", "source") and named:
        ending = named.rpartition(".")[2].lower()
        kinds = [ENDINGS.get(ending, ending)] if "." in named else ["images"]
    if not kinds or kinds[0] not in kinds_of(options):
        return ""
    rest = f" Or another kind: {', '.join(kinds[1:MAX_KINDS])}." if kinds[1:] else ""
    return _write(path, write_inline({"kind": kinds[0]} | value)) + rest


def _write(path: Path, text: str) -> str:
    key = _key(path)
    return f"Write `{key}: {text}`." if key else f"Write `{text}`."


def _key(path: Path) -> str:
    """The key of a value; empty for an entry of a list."""
    return path[-1] if path and isinstance(path[-1], str) else ""


HINTS: tuple[Callable[[Path, Any, Sequence[Any]], str], ...] = (
    _number,
    _switch,
    _file,
    _activation,
    _section,
    _layers,
    _kind,
    _single,
    _size,
    _without_kind,
)

"""Damaged and hostile spec texts: one mutation of a text for each seed, from single bytes to the structure of the YAML.

A mutated text may hold bytes that are not UTF-8. They are surrogates in the text, so that
`text.encode("utf-8", "surrogateescape")` gives the bytes of the file.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

Path = tuple[Any, ...]
Mutation = Callable[[str, random.Random], tuple[str, str]]

CHARACTERS = "\0\t\r\n\x0b\x1b\x7f\x85\xa0\u2028\u202e\ufeff\ufffe\U0001f600\u0661²é{}[]()&*!|>'\"%@`#,:-?=<~\\"
BYTES = (b"\xff", b"\xfe\xff", b"\xc3", b"\xed\xb3\xbf", b"\x80", b"\0")
TOKENS = re.compile(r"[A-Za-z_][\w.]*|[-+]?\d[\d.e+-]*|[^\w\s]|\s+")
WORDS = ("none", "auto", "inherit", "same", "kind", "true", "null", "~", "nan", ".inf", "last", "<<", "=", "1e-3")
TAGS = (
    "!!str",
    "!!int",
    "!!python/object/apply:os.system",
    "!!binary",
    "!",
    "!local",
    "!!map",
    "!<tag:yaml.org,2002:str>",
)
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 1.5, -0.0, 1e-300, 1e308, float("nan"), float("inf"), float("-inf"),
    10**9, 10**12, -(10**18), 10**30, 2**63, 2**32 - 1, 10**50, "", " ", "none", "auto", "same", "inherit", "nonsense",
    "a\0b", "a" * 5000, "../" * 40, "~nosuchuser/x", "/dev/null", "=1+1", "\x1b[31mred", "\u202eabc", "1", "1e3",
    [], [[]], {}, {"kind": "none"}, {"kind": []}, {"kind": {"kind": "x"}}, [1, 2, 3], [None], ["flatten"] * 3,
)  # fmt: skip
"""Values that are put in the place of others."""


def mutate_spec(text: str, seed: int) -> tuple[str, str]:
    """A mutation of a text, and a description of what was changed. The same seed gives the same mutation."""
    draw = random.Random(seed)
    mutation = draw.choice(MUTATIONS)
    mutated, what = mutation(text, draw)
    return mutated, f"seed {seed}: {mutation.__name__.lstrip('_')}: {what}"


def to_bytes(text: str) -> bytes:
    """The bytes of a file with a mutated text."""
    return text.encode("utf-8", "surrogateescape")


def _bytes_inserted(text: str, draw: random.Random) -> tuple[str, str]:
    raw = text.encode()
    at, new = draw.randrange(len(raw) + 1), draw.choice(BYTES)
    return (raw[:at] + new + raw[at:]).decode("utf-8", "surrogateescape"), f"{new!r} at byte {at}"


def _byte_flipped(text: str, draw: random.Random) -> tuple[str, str]:
    raw = bytearray(text.encode())
    at, bit = draw.randrange(len(raw)), draw.randrange(8)
    raw[at] ^= 1 << bit
    return bytes(raw).decode("utf-8", "surrogateescape"), f"bit {bit} of byte {at}"


def _character_inserted(text: str, draw: random.Random) -> tuple[str, str]:
    at, new = draw.randrange(len(text) + 1), draw.choice(CHARACTERS) * draw.choice((1, 1, 2, 60))
    return text[:at] + new + text[at:], f"{new[:3]!r} at {at}"


def _cut(text: str, draw: random.Random) -> tuple[str, str]:
    at = draw.randrange(len(text))
    return text[:at], f"at {at}"


def _part_removed(text: str, draw: random.Random) -> tuple[str, str]:
    start = draw.randrange(len(text))
    end = min(len(text), start + draw.randrange(1, 40))
    return text[:start] + text[end:], f"{start} to {end}"


def _token_replaced(text: str, draw: random.Random) -> tuple[str, str]:
    tokens = list(TOKENS.finditer(text))
    old, other = draw.choice(tokens), draw.choice([*(each.group() for each in tokens), *WORDS])
    return text[: old.start()] + other + text[old.end() :], f"{old.group()!r} by {other!r}"


def _token_doubled(text: str, draw: random.Random) -> tuple[str, str]:
    token, times = draw.choice(list(TOKENS.finditer(text))), draw.choice((2, 3, 300))
    return text[: token.start()] + token.group() * times + text[token.end() :], f"{token.group()!r} × {times}"


def _tokens_swapped(text: str, draw: random.Random) -> tuple[str, str]:
    first, second = sorted(draw.sample(list(TOKENS.finditer(text)), 2), key=lambda token: token.start())
    middle = text[first.end() : second.start()]
    swapped = text[: first.start()] + second.group() + middle + first.group() + text[second.end() :]
    return swapped, f"{first.group()!r} and {second.group()!r}"


def _tagged(text: str, draw: random.Random) -> tuple[str, str]:
    token, tag = draw.choice(list(TOKENS.finditer(text))), draw.choice(TAGS)
    return text[: token.start()] + f"{tag} " + text[token.start() :], f"{tag} before {token.group()!r}"


def _line_indented(text: str, draw: random.Random) -> tuple[str, str]:
    lines = text.splitlines(keepends=True)
    at, indent = draw.randrange(len(lines)), draw.choice(("\t", " ", "   ", "- ", "? ", ": ", "# "))
    lines[at] = indent + lines[at]
    return "".join(lines), f"{indent!r} before line {at + 1}"


def _lines_swapped(text: str, draw: random.Random) -> tuple[str, str]:
    lines = text.splitlines(keepends=True)
    first, second = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return "".join(lines), f"{first + 1} and {second + 1}"


def _line_doubled(text: str, draw: random.Random) -> tuple[str, str]:
    lines = text.splitlines(keepends=True)
    at = draw.randrange(len(lines))
    return "".join([*lines[:at], lines[at] * draw.choice((2, 30)), *lines[at + 1 :]]), f"line {at + 1}"


def _number_enlarged(text: str, draw: random.Random) -> tuple[str, str]:
    numbers = list(re.finditer(r"\d+", text))
    if not numbers:
        return _cut(text, draw)
    number = draw.choice(numbers)
    sign, n_digits = draw.choice(("", "-", "0x", "0o", "1e", "0.", ".")), draw.choice((2, 9, 20, 41, 400, 5000))
    new = sign + draw.choice("179") * n_digits
    return text[: number.start()] + new + text[number.end() :], f"{number.group()} to {sign}… of {n_digits} digits"


def _value_replaced(text: str, draw: random.Random) -> tuple[str, str]:
    document, path = _place(text, draw)
    value = draw.choice(VALUES)
    return _written(_set(document, path, value)), f"{path} by {value!r:.40}"


def _nested(text: str, draw: random.Random) -> tuple[str, str]:
    document, path = _place(text, draw)
    depth, in_lists = draw.choice((2, 45, 60)), draw.random() < 0.5
    value = _get(document, path)
    for _ in range(depth):
        value = [value] if in_lists else {"kind": value}
    return _written(_set(document, path, value)), f"{path} in {depth} {'lists' if in_lists else 'mappings'}"


def _nested_in_text(text: str, draw: random.Random) -> tuple[str, str]:
    opener, depth = draw.choice(("[", "{", "{a: ", "- ", "? ", "!x [", "'", '"')), draw.choice((100, 2000, 100_000))
    return text + "\ndescription: " + opener * depth, f"{depth} × {opener!r}"


def _key_moved(text: str, draw: random.Random) -> tuple[str, str]:
    document, source = _place(text, draw)
    _, target = _place(text, draw)
    value = _get(document, source)
    mapping = _get(document, target)
    if isinstance(mapping, dict):
        moved = _set(document, target, {**mapping, str(source[-1]): value})
    elif isinstance(mapping, list):
        moved = _set(document, target, [*mapping, value])
    else:
        moved = _set(document, target, value)
    return _written(moved), f"{source} to {target}"


def _key_renamed(text: str, draw: random.Random) -> tuple[str, str]:
    document, path = _place(text, draw)
    parent, new = (
        _get(document, path[:-1]),
        draw.choice(("", "kind", "lr", "x" * 3000, "é\u202e", "1", "a.b", "<<", "~")),
    )
    if not isinstance(parent, dict):
        return _value_replaced(text, draw)
    return _written(_set(document, path[:-1], {new if k == path[-1] else k: v for k, v in parent.items()})), f"{path}"


def _entry_removed(text: str, draw: random.Random) -> tuple[str, str]:
    document, path = _place(text, draw)
    parent = _get(document, path[:-1])
    if isinstance(parent, dict):
        rest: Any = {key: value for key, value in parent.items() if key != path[-1]}
    else:
        rest = [value for index, value in enumerate(parent) if index != path[-1]]
    return _written(_set(document, path[:-1], rest)), f"{path}"


def _repeated(text: str, draw: random.Random) -> tuple[str, str]:
    document, path = _place(text, draw)
    value, times = _get(document, path), draw.choice((2, 100, 3000))
    parent = _get(document, path[:-1])
    many = [value] * times if not isinstance(parent, list) else parent + [value] * times
    return _written(_set(document, path if not isinstance(parent, list) else path[:-1], many)), f"{path} × {times}"


def _many_keys(text: str, draw: random.Random) -> tuple[str, str]:
    document, path = _place(text, draw)
    parent, times = _get(document, path[:-1]), draw.choice((30, 2000))
    many = {f"{path[-1]}{number}": draw.choice((1, "a", [])) for number in range(times)}
    return _written(_set(document, path[:-1], {**parent, **many} if isinstance(parent, dict) else many)), f"{times}"


def _aliased(text: str, draw: random.Random) -> tuple[str, str]:
    levels, width = draw.choice(((3, 3), (9, 9), (45, 2), (1, 400)))
    bomb = "".join(f"\na{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * width)}]" for n in range(levels))
    return text + draw.choice(
        (bomb, "\nname: *missing", "\nmodel: &m {layers: *m}", "\n? *m\n: 1")
    ), f"{levels}, {width}"


MUTATIONS: tuple[Mutation, ...] = (
    _bytes_inserted, _byte_flipped, _character_inserted, _cut, _part_removed,
    _token_replaced, _token_doubled, _tokens_swapped, _tagged, _line_indented, _lines_swapped, _line_doubled,
    _number_enlarged, _nested_in_text, _aliased,
    _value_replaced, _value_replaced, _value_replaced, _nested, _key_moved, _key_moved, _key_renamed, _entry_removed,
    _repeated, _many_keys,
)  # fmt: skip
"""Those of the structure are drawn more often, because they reach deeper."""


def _place(text: str, draw: random.Random) -> tuple[Any, Path]:
    """The document, and the path of one of its values."""
    document = yaml.safe_load(text)
    return document, draw.choice(list(_paths(document)))


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in entries:
        yield (*path, key)
        yield from _paths(child, (*path, key))


def _get(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document


def _set(document: Any, path: Path, value: Any) -> Any:
    """A copy of the document with another value at a path."""
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = _set(copy[path[0]], path[1:], value)
    return copy


class _WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _written(document: Any) -> str:
    return yaml.dump(document, Dumper=_WithoutAliases, sort_keys=False, allow_unicode=True)

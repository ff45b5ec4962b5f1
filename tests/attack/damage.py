"""Damages a run's folder at random: wrong bytes, types and values, and files that are missing."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dnnctl.store.digest import sha256_of

VALUES: list[Any] = [
    None, True, False, -1, 0, 1, 10**400, 2**63, 1.5, -0.0, float("nan"), float("inf"), "", "x", "\x00\x1b[31m",
    "x" * 5000, "☃" * 99, [], [1, [2]], {}, {"kind": {"kind": 3}}, [{}], -(10**15), "1e999", ["x"] * 50, {"x": None},
]  # fmt: skip
JUNK = [
    b"{", b"[]", b"3", b"null", b'"x"', b"\xff\xfe\x00", b"{}\n{}\n", b"[" * 100_000, b"PK\x03\x04", b"NaN\n",
    b"\x93NUMPY", b'{"epoch": 1}\n', b'{"epoch": 1e999}\n{"epoch": 2}\n', b"\x89HDF\r\n\x1a\n", b"a: [", b"\n" * 50,
    b"9" * 5000,
]  # fmt: skip
UNSEALED = "without seals"
"""What `mutate_store` reports if it has also removed the digests, so that no command can see the change."""


def mutate_store(folder: Path, seed: int) -> str:
    """Damage one thing in a run's folder; return what was done.

    For half of the seeds the digests are removed or recomputed afterwards, so that no seal hides what comes after it.
    """
    draw = random.Random(seed)
    paths = sorted(path for path in folder.rglob("*") if path.is_file() or any(path.iterdir()))
    target = draw.choice(paths)
    name = target.relative_to(folder)
    if target.is_dir():
        done = draw.choice([_delete, _file_instead])(target, draw)
    elif target.suffix in (".json", ".jsonl") and draw.random() < 0.6:
        done = mutate_json(target, draw)
    else:
        done = draw.choice([_flip, _truncate, _delete, _empty, _junk, _folder_instead, _insert])(target, draw)
    if draw.random() < 0.5:
        done += f", {UNSEALED}"
        _unseal(folder)
    return f"{seed}: {name}: {done}"


def _flip(path: Path, draw: random.Random) -> str:
    content = bytearray(path.read_bytes() or b"0")
    places = [draw.randrange(len(content)) for _ in range(draw.choice([1, 1, 4, 64]))]
    for place in places:
        content[place] ^= draw.randrange(1, 256)
    path.write_bytes(content)
    return f"{len(places)} bytes flipped at {places[0]}"


def _truncate(path: Path, draw: random.Random) -> str:
    content = path.read_bytes()
    n = draw.randrange(len(content) + 1)
    path.write_bytes(content[:n])
    return f"cut to {n} bytes"


def _insert(path: Path, draw: random.Random) -> str:
    content = path.read_bytes()
    n = draw.randrange(len(content) + 1)
    junk = draw.choice(JUNK)
    path.write_bytes(content[:n] + junk + content[n:])
    return f"{junk[:12]!r} inserted at {n}"


def _delete(path: Path, _: random.Random) -> str:
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    return "deleted"


def _empty(path: Path, _: random.Random) -> str:
    path.write_bytes(b"")
    return "emptied"


def _junk(path: Path, draw: random.Random) -> str:
    content = draw.choice(JUNK)
    path.write_bytes(content)
    return f"contains {content[:12]!r}"


def _folder_instead(path: Path, _: random.Random) -> str:
    path.unlink()
    path.mkdir()
    return "is a folder"


def _file_instead(path: Path, _: random.Random) -> str:
    shutil.rmtree(path)
    path.write_bytes(b"x")
    return "is a file"


def mutate_json(path: Path, draw: random.Random) -> str:
    """Replace or remove a value of a JSON file; return what was done."""
    is_rows = path.suffix == ".jsonl"
    text = path.read_text()
    document: Any = [json.loads(line) for line in text.splitlines()] if is_rows else json.loads(text)
    places = list(_places(document))
    if not places:
        return "left as it was"
    place, value = draw.choice(places), draw.choice(VALUES)
    holder = document
    for key in place[:-1]:
        holder = holder[key]
    if draw.random() < 0.2:
        del holder[place[-1]]
        done = f"{place} removed"
    else:
        holder[place[-1]] = value
        done = f"{place} = {str(value)[:30]!r}"
    path.write_text("\n".join(map(json.dumps, document)) + "\n" if is_rows else json.dumps(document))
    return done


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values inside a JSON value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if path:
        yield path
    for key, entry in entries:
        yield from _places(entry, (*path, key))


def _unseal(folder: Path) -> None:
    """Remove the run's seals and recompute the digests of its checkpoints, where the files can still be read."""
    for path in (folder / "summary.json", folder / "history.jsonl"):
        _rewrite(path, lambda value: {key: entry for key, entry in value.items() if key not in ("seal", "files")})
    for manifest in folder.glob("*/*/manifest.json"):
        digests = {p.name: sha256_of(p) for p in manifest.parent.iterdir() if p.is_file() and p != manifest}
        _rewrite(manifest, lambda value, digests=digests: {**value, "files": digests})


def _rewrite(path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    try:
        lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
        path.write_text("".join(json.dumps(change(json.loads(line))) + "\n" for line in lines))
    except (OSError, ValueError, AttributeError, RecursionError):
        pass  # this is the damaged file

"""Seals: the digests of a finished run's files, which show what has changed since training.

A seal detects changes. It is not a signature: a person who changes a file can also replace its digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from dnnctl.store.checkpoint import list_checkpoints
from dnnctl.store.digest import sha256_of
from dnnctl.store.facts import FileSeal, Summary
from dnnctl.store.files import finite_only, read_text
from dnnctl.store.folder import RunFolder
from dnnctl.store.json_object import plain

SEAL = "seal"
"""The key of summary.json that holds the digest of its other keys."""
ALTERED = "altered since training"
DELETED = "deleted since training"


def seal(summary: Summary, folder: RunFolder) -> Summary:
    """A summary with the digests of the run's files and of itself."""
    files = {name_of(path, folder): plain(_identify(path)) for path in _sealed(folder)}
    unsealed = replace(summary, files=files, seal=None)
    return replace(unsealed, seal=_digest_of(plain(unsealed)))


def name_of(path: Path, folder: RunFolder) -> str:
    """The name of a file of a run in messages and in its seal: its path in the run's folder."""
    return path.relative_to(folder.path).as_posix()


def has_own_seal(path: Path, expected: str) -> bool:
    """Whether the summary in a file has this digest."""
    try:
        values = json.loads(read_text(path))
        return isinstance(values, dict) and _digest_of(values) == expected
    except (OSError, ValueError, RecursionError):
        return False


def change_of(path: Path, recorded: FileSeal, *, max_bytes: int | None = None) -> str | None:
    """What has happened to a file since it was sealed; None if nothing has.

    Args:
        max_bytes: only the size of larger files is compared.
    """
    try:
        if path.stat().st_size != recorded.n_bytes:
            return ALTERED
        if max_bytes is not None and recorded.n_bytes > max_bytes:
            return None
        return None if sha256_of(path) == recorded.sha256 else ALTERED
    except FileNotFoundError:
        return DELETED
    except OSError:
        return ALTERED


def _sealed(folder: RunFolder) -> Iterator[Path]:
    """The files that no command changes after training."""
    files = (folder.run, folder.spec, folder.encoding, folder.metrics, folder.pretraining, folder.probe)
    results = (folder.model, folder.last_model, folder.predictions)
    yield from (path for path in (*files, *results) if path.is_file())
    yield from (checkpoint.manifest for checkpoint in list_checkpoints(folder.checkpoints))


def _identify(path: Path) -> FileSeal:
    return FileSeal(sha256_of(path), path.stat().st_size)


def _digest_of(values: Mapping[str, Any]) -> str:
    """SHA-256 of a summary as canonical JSON without its seal, in hexadecimal."""
    rest = {key: value for key, value in values.items() if key != SEAL}
    return sha256(json.dumps(finite_only(rest), sort_keys=True).encode()).hexdigest()

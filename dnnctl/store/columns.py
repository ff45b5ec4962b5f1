"""The columns of runs: facts, metrics, and every key of their specs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from dnnctl.store.facts import Metrics
from dnnctl.store.metrics import NO_METRICS
from dnnctl.store.record import RunRecord


def parent_of(run: RunRecord) -> str | None:
    """The run that a run was forked or pruned from."""
    origin = run.facts.parent or run.facts.pruned
    return origin.run if origin else None


FACTS: dict[str, Callable[[RunRecord], Any]] = {
    "id": lambda run: run.id,
    "name": lambda run: run.name,
    "status": lambda run: str(run.status),
    "created": lambda run: run.created[:19].replace("T", " "),
    "age": lambda run: round(run.age),
    "epochs": lambda run: run.epochs,
    "best_epoch": lambda run: run.best.get("epoch"),
    "seconds": lambda run: run.summary and run.summary.seconds,
    "seed": lambda run: run.facts.seed,
    "parameters": lambda run: run.facts.parameters,
    "device": lambda run: run.facts.device and run.facts.device.name,
    "compile": lambda run: run.facts.compile and run.facts.compile.mode,
    "host": lambda run: run.facts.host or None,
    "parent": parent_of,
    "sweep": lambda run: run.facts.trial and run.facts.trial.sweep,
    "trial": lambda run: run.facts.trial and run.facts.trial.number,
    "tags": lambda run: run.labels.tags,
    "note": lambda run: run.labels.note or None,
    "bytes": lambda run: run.n_bytes,
}
"""The facts of every run; `seconds` and `age` are in seconds, `bytes` is its disk space."""


def value_of(run: RunRecord, name: str) -> Any:
    """The value of a run's column; None if it has no such value.

    A name is a fact; a metric at the best epoch (`val_accuracy`) or of the best weights (`test_accuracy`); or the path
    of a spec key, where `kind` may be omitted (`optimizer.kind`, `optimizer`).
    """
    try:
        return _value_of(run, name)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # its files are damaged


def _value_of(run: RunRecord, name: str) -> Any:
    if name in FACTS:
        return FACTS[name](run)
    if name.startswith("test_"):
        return _test(run).get(name.removeprefix("test_"))
    if name in run.best and name not in NO_METRICS:
        return run.best[name]
    return spec_value(run.spec, name)


def _test(run: RunRecord) -> Metrics:
    return run.summary.measured("test") if run.summary else {}


INDEX = re.compile(r"[0-9]{1,9}")
"""The number of an entry. Python reads no integer of thousands of digits."""


def plain_name(name: str) -> str:
    """The name of a column with list indices as in `model.layers.1.units`, not in brackets."""
    return re.sub(r"\[(\d+)\]", r".\1", name)


def spec_value(spec: dict[str, Any], path: str) -> Any:
    """The value at a path of a plain spec, where a bare word is a mapping with that `kind`."""
    value: Any = spec
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list):
            value = value[int(part)] if INDEX.fullmatch(part) and int(part) < len(value) else None
        else:
            value = value if part == "kind" else None
    return value.get("kind", value) if isinstance(value, dict) else value


def names_of(run: RunRecord) -> Iterator[str]:
    """Every name that a run has a value for."""
    yield from FACTS
    yield from (name for name in run.best if name not in NO_METRICS)
    yield from (f"test_{name}" for name in _test(run))
    yield from _paths(run.spec, "")


def _paths(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _paths(entry, f"{path}.{key}" if path else key)
    if path:
        yield path

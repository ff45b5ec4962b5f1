"""Check a spec: faults, which prevent training, and advice on its recipe. Loads no framework."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dnnctl.advice.lint import Advice, lint, safe_fixes
from dnnctl.errors import Fault, SpecError
from dnnctl.specs import LoadedSpec, load
from dnnctl.specs.path import dotted
from dnnctl.specs.reading.edit import set_in_file

MAX_FIXES = 100
"""A fix can bring up another one, but not for ever."""


@dataclass(frozen=True)
class Checked:
    """What was found in a spec."""

    faults: tuple[Fault, ...] = ()
    advice: tuple[Advice, ...] = ()
    fixed: tuple[Advice, ...] = ()
    """What was changed in the file."""
    note: str = ""
    """What will only be chosen when training starts, as a clause."""


def check(path: str | Path, overrides: Sequence[str] = (), *, offline: bool = False, fix: bool = False) -> Checked:
    """Validate a spec, look whether the files that it names exist, and advise on its recipe.

    Args:
        offline: whether to skip looking for files.
        fix: whether to make the safe changes in the file first.
    """
    path = Path(path)
    try:
        fixed = tuple(_fix(path)) if fix else ()
        loaded = load(path, overrides)
        faults = () if offline else tuple(_missing_files(loaded)) or tuple(_table_faults(loaded))
        return Checked(faults, tuple(lint(loaded)), fixed, _note(loaded))
    except SpecError as error:
        return Checked(error.faults)


def _note(loaded: LoadedSpec) -> str:
    training = loaded.spec.training
    if training.budget == "none" or training.is_settled:
        return ""
    most = f"at most {training.most_epochs} " if training.most_epochs is not None else "the number of "
    return f"`train` measures the speed and chooses {most}epochs that fit into {training.budget.minutes:g} minutes"


def _fix(path: Path) -> Iterator[Advice]:
    """Make safe changes until there are none left, and yield what was changed."""
    impossible: set[str] = set()
    for _ in range(MAX_FIXES):
        possible = [each for each in safe_fixes(lint(load(path))) if str(each.fix) not in impossible]
        if not possible:
            return
        advice = possible[0]
        assert advice.fix is not None
        try:
            set_in_file(path, advice.fix.changes)
            yield advice
        except SpecError:
            impossible.add(str(advice.fix))


def _missing_files(loaded: LoadedSpec) -> Iterator[Fault]:
    from dnnctl.data.files import missing_files

    for keys, path in missing_files(loaded.spec.data.source):
        key = ("data", "source", *keys)
        hint = "The path is relative to the spec that contains it; with --set, to the working directory."
        yield Fault(f"no such file or folder: {path}", dotted(key), loaded.place(key), hint=hint)


def _table_faults(loaded: LoadedSpec) -> Iterator[Fault]:
    from dnnctl.specs.table import Table

    if isinstance(loaded.spec.data.source, Table):
        from dnnctl.data.table_faults import table_faults

        for key, rule, fix in table_faults(loaded.spec, loaded.spec.data.source):
            yield Fault(rule, dotted(key), loaded.place(key), hint=fix)

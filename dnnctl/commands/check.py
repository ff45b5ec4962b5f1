"""Check a spec: faults, which prevent training, and advice on its recipe. Loads no framework."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dnnctl.advice.lint import Advice, lint, safe_fixes
from dnnctl.commands.gpu import is_gpu_there
from dnnctl.commands.pretrained import find_pretrained
from dnnctl.errors import Fault, RunError, SpecError
from dnnctl.specs import LoadedSpec, load
from dnnctl.specs.path import dotted
from dnnctl.specs.reading.edit import set_in_file
from dnnctl.specs.source import BuiltIn

MAX_FIXES = 100
"""A fix can bring up another one, but not for ever."""
REUSED, DEVICE = ("model", "reuse", "run"), ("runtime", "device")
PATHS = "The path is relative to the spec that contains it; with --set, to the working directory."


@dataclass(frozen=True)
class Checked:
    """What was found in a spec."""

    faults: tuple[Fault, ...] = ()
    advice: tuple[Advice, ...] = ()
    fixed: tuple[Advice, ...] = ()
    """What was changed in the file."""
    note: str = ""
    """What will only be chosen when training starts, as a clause."""


def check(
    path: str | Path,
    overrides: Sequence[str] = (),
    *,
    offline: bool = False,
    fix: bool = False,
    runs_dir: str | Path | None = None,
) -> Checked:
    """Validate a spec, look whether the files, the run and the device that it names exist, and advise on its recipe.

    Args:
        offline: whether to skip looking for them.
        fix: whether to make the safe changes in the file first.
        runs_dir: where the run is that the spec reuses.
    """
    path = Path(path)
    try:
        fixed = tuple(_fix(path)) if fix else ()
        loaded = load(path, overrides)
        faults = () if offline else _found_here(loaded, runs_dir)
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


def _found_here(loaded: LoadedSpec, runs_dir: str | Path | None) -> tuple[Fault, ...]:
    """What is missing on this computer, and what is wrong with the data if their files are there."""
    files = list(_missing_files(loaded))
    return (*(files or _data_faults(loaded)), *_missing(loaded, runs_dir))


def _missing_files(loaded: LoadedSpec) -> Iterator[Fault]:
    from dnnctl.data.files import missing_files

    for keys, path in missing_files(loaded.spec.data.source):
        key = ("data", "source", *keys)
        yield Fault(f"no such file or folder: {path}", dotted(key), loaded.place(key), hint=PATHS)


def _missing(loaded: LoadedSpec, runs_dir: str | Path | None) -> Iterator[Fault]:
    """What the spec names and is not there: the run that it reuses, and a GPU."""
    try:
        find_pretrained(loaded, runs_dir)
    except RunError as error:
        rule, _, hint = str(error).removeprefix(f"{dotted(REUSED)}: ").partition(". ")
        yield Fault(rule, dotted(REUSED), loaded.place(REUSED), hint=hint or PATHS)
    if loaded.spec.runtime.device == "gpu" and not is_gpu_there():
        hint = "Write `device: auto`: it uses a GPU where there is one. If it is trained elsewhere, add --offline."
        yield Fault("this computer has no GPU", dotted(DEVICE), loaded.place(DEVICE), hint=hint)


def _data_faults(loaded: LoadedSpec) -> Iterator[Fault]:
    if isinstance(loaded.spec.data.source, BuiltIn):
        return
    from dnnctl.data.source_faults import source_faults

    for key, rule, fix in source_faults(loaded.spec):
        yield Fault(rule, dotted(key), loaded.place(key), hint=fix)

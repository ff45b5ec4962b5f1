"""`dnnctl check`: validate specs and advise on their recipes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnnctl.cli.completion import complete_rule
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, Overrides, RunsDir
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.table import terminal_width, wrap_lines
from dnnctl.errors import MAX_MESSAGE, Fault, SpecError, UserError, report, shorten
from dnnctl.text import format_count, suggest

if TYPE_CHECKING:
    from dnnctl.advice.lint import Advice
    from dnnctl.commands.check import Checked

MAX_LINES = 100


class Format(StrEnum):
    """How findings are printed."""

    text = "text"
    github = "github"


def check_command(
    specs: Annotated[list[Path] | None, typer.Argument(metavar="SPEC", help="The specs to check.")] = None,
    overrides: Overrides = None,
    fix: Annotated[bool, typer.Option("--fix", help="Make the safe changes in the files.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with code 2 on warnings, too.")] = False,
    offline: Annotated[
        bool,
        typer.Option(
            "--offline", help="Do not look whether the files, the run and the device that a spec names exist."
        ),
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option(metavar="RULE", help="Explain a rule, or `all` of them.", autocompletion=complete_rule),
    ] = None,
    style: Annotated[Format, typer.Option("--format", help="`github`: annotations for GitHub Actions.")] = Format.text,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Validate specs and advise on their recipes. Prints each error, warning and hint with its place and a fix.

    Exits with code 2 if there are errors. `# dnnctl: ignore=RULE` at the end of a line ignores a rule there; on a line
    of its own, in the whole file.
    """
    with failures_reported():
        if explain:
            explain_rule(explain)
            return
        if not specs:
            raise UserError("check needs a spec. For example: dnnctl check configs/selu.yaml")
        if fix and overrides:
            raise UserError("--fix changes the files, so it cannot be combined with --set.")
        from dnnctl.commands.check import check

        found = {spec: check(spec, overrides or [], offline=offline, fix=fix, runs_dir=runs_dir) for spec in specs}
        if as_json:
            print_json([_as_json(spec, checked) for spec, checked in found.items()], indent=2)
        for spec, checked in found.items():
            if style is Format.github and not as_json:
                print_text("\n".join(_annotations(checked)))
            elif not as_json:
                print_advice(checked)
            print_verdict(spec, checked, is_refused=is_refused(checked, strict=strict), is_quiet=as_json)
    if any(is_refused(checked, strict=strict) for checked in found.values()):
        raise typer.Exit(UserError.exit_code)


def is_refused(checked: Checked, *, strict: bool) -> bool:
    """Whether a spec has errors; if `strict`, also warnings."""
    refused = ("error", "warning") if strict else ("error",)
    return bool(checked.faults) or any(each.severity in refused for each in checked.advice)


def print_advice(checked: Checked) -> None:
    """Print what was fixed, and the advice."""
    for each in checked.fixed:
        print_text(f"{each.place}: fixed: {each.fix} [{each.rule.id}]")
    if checked.advice:
        print_text(wrap_lines(report([each.as_fault() for each in checked.advice], MAX_LINES), terminal_width()))


def print_verdict(spec: Path, checked: Checked, *, is_refused: bool, is_quiet: bool) -> None:
    """Print the faults, or what was found in one line. What refuses the spec goes to stderr, all else to stdout.

    Args:
        is_quiet: whether to print nothing if the spec is not refused.
    """
    name = shorten(str(spec), MAX_MESSAGE)
    text = str(SpecError(checked.faults)) if checked.faults else f"{name}: {_summary(checked)}"
    if is_refused:
        print_text(wrap_lines(text, terminal_width(sys.stderr)), to_stderr=True)
    elif not is_quiet:
        print_text(wrap_lines(text, terminal_width()))


def _summary(checked: Checked) -> str:
    """Whether the spec is usable, and what will only be chosen when training starts."""
    return "; ".join(filter(None, [_counts(checked.advice), checked.note]))


def _counts(advice: Sequence[Advice]) -> str:
    counts = [
        format_count(count, severity)
        for severity in ("error", "warning", "hint")
        if (count := sum(each.severity == severity for each in advice))
    ]
    if not counts:
        return "valid"
    n_safe = sum(bool(each.fix and each.fix.is_safe) for each in advice)
    word = "not usable" if any(each.severity == "error" for each in advice) else "valid"
    fixable = f" (`--fix` fixes {n_safe} of them)" if n_safe else ""
    return f"{word}, with {', '.join(counts)}{fixable}"


def explain_rule(name: str) -> None:
    """Print what a rule is about; with `all`, one line for each rule.

    Raises:
        UserError: there is no such rule.
    """
    from dnnctl.advice.rules import RULES

    if name == "all":
        width = max(map(len, RULES))
        for rule in RULES.values():
            print_text(f"{rule.id:<{width}}  {rule.severity:<7}  {rule.summary}")
    elif name in RULES:
        rule = RULES[name]
        print_text(f"{rule.id} ({rule.severity})\n\n{rule.explanation}\n\nTo ignore it: # dnnctl: ignore={rule.id}")
    else:
        raise UserError(f"There is no rule '{name}'. {suggest(name, RULES)} List them with --explain all.")


def _annotations(checked: Checked) -> list[str]:
    """Workflow commands of GitHub Actions, one line for each finding."""
    faults = [("error", fault) for fault in checked.faults]
    levels = {"error": "error", "warning": "warning", "hint": "notice"}
    faults += [(levels[each.severity], each.as_fault()) for each in checked.advice]
    return [_annotation(level, fault) for level, fault in faults]


def _annotation(level: str, fault: Fault) -> str:
    place = fault.place
    where = f" file={_escaped(place.file)},line={place.line or 1},col={place.column or 1}" if place else ""
    message = f"{fault.path}: {fault.rule}. {fault.hint}".strip()
    return f"::{level}{where}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _as_json(spec: Path, checked: Checked) -> dict[str, Any]:
    return {
        "spec": str(spec),
        "is_fine": not is_refused(checked, strict=False),
        "faults": [asdict(fault) for fault in checked.faults],
        "advice": [_advice_json(each) for each in checked.advice],
        "fixed": [_advice_json(each) for each in checked.fixed],
        "note": checked.note,
    }


def _advice_json(advice: Advice) -> dict[str, Any]:
    return {
        "rule": advice.rule.id,
        "severity": advice.severity,
        "path": advice.as_fault().path,
        "place": asdict(advice.place),
        "reason": advice.reason,
        "fix": str(advice.fix) if advice.fix else None,
        "is_safe": bool(advice.fix and advice.fix.is_safe),
        "advice": advice.advice,
    }

"""Which rules a spec breaks, where, and what `# dnnctl: ignore=RULE` switches off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dnnctl.advice.finding import Finding, Fix, Severity
from dnnctl.advice.recipe import Recipe
from dnnctl.advice.rule import Rule
from dnnctl.advice.rules import RULES
from dnnctl.errors import Fault, Place, SpecError
from dnnctl.specs.path import Path, dotted
from dnnctl.specs.reading.load import LoadedSpec
from dnnctl.text import suggest

IGNORE = re.compile(r"#\s*dnnctl:\s*ignore\s*=\s*([\w-]+(?:\s*,\s*[\w-]+)*)")
ORDER: tuple[Severity, ...] = ("error", "warning", "hint")


@dataclass(frozen=True)
class Advice:
    """A finding with its rule and its place in the file."""

    rule: Rule
    severity: Severity
    path: Path
    place: Place
    reason: str
    fix: Fix | None
    advice: str

    def as_fault(self) -> Fault:
        """The advice in the form in which faults of a spec are printed."""
        hint = f"Write `{self.fix}`." if self.fix else self.advice
        return Fault(f"{self.severity}: {self.reason} [{self.rule.id}]", dotted(self.path), self.place, hint=hint)


def lint(loaded: LoadedSpec) -> list[Advice]:
    """The advice for a spec, the most severe first, then in the order of the file.

    Raises:
        SpecError: a comment ignores a rule that does not exist.
    """
    recipe, everywhere = Recipe(loaded.spec), _ignored_everywhere(loaded)
    found: dict[tuple[str, str], Advice] = {}
    for rule in RULES.values():
        for finding in rule.find(recipe):
            found.setdefault((rule.id, str(finding.fix or finding.path)), _placed(rule, finding, loaded))
    kept = [each for each in found.values() if each.rule.id not in {*everywhere, *_ignored_in(each.place.text)}]
    return sorted(kept, key=lambda each: (ORDER.index(each.severity), each.place.line, each.place.column))


def _placed(rule: Rule, finding: Finding, loaded: LoadedSpec) -> Advice:
    severity, place = finding.severity or rule.severity, loaded.place(finding.path)
    return Advice(rule, severity, finding.path, place, finding.reason, finding.fix, finding.advice)


def _ignored_everywhere(loaded: LoadedSpec) -> set[str]:
    """The rules that a comment on a line of its own switches off for the whole file; checks all such comments."""
    everywhere: set[str] = set()
    for number, line in enumerate(loaded.source.splitlines(), 1):
        names = _ignored_in(line)
        _check(names, Place(loaded.document.place.file, number, 1, line))
        everywhere |= names if line.lstrip().startswith("#") else set()
    return everywhere


def _ignored_in(line: str) -> set[str]:
    return {name.strip() for match in IGNORE.finditer(line) for name in match.group(1).split(",")}


def _check(names: Iterable[str], place: Place) -> None:
    for name in names:
        if name not in RULES:
            raise SpecError([Fault(f"there is no rule '{name}'", place=place, hint=suggest(name, RULES))])


def safe_fixes(advice: Iterable[Advice]) -> Iterator[Advice]:
    """The advice that can be followed without a choice."""
    return (each for each in advice if each.fix and each.fix.is_safe)

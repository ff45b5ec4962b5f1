"""A rule of the advisor."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from dnnctl.advice.finding import Finding, Severity
from dnnctl.advice.recipe import Recipe

Find: TypeAlias = Callable[[Recipe], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """Something that a recipe should not do."""

    id: str
    severity: Severity
    explanation: str
    """Why, in a few sentences, with the source."""
    find: Find

    @property
    def summary(self) -> str:
        """The first sentence of the explanation, on one line."""
        return " ".join(self.explanation.split()).partition(". ")[0].rstrip(".") + "."


def rule(name: str, severity: Severity) -> Callable[[Find], Rule]:
    """Make a rule of a function that finds where a recipe breaks it. Its docstring is the explanation."""

    def make(find: Find) -> Rule:
        return Rule(name, severity, inspect.getdoc(find) or "", find)

    return make

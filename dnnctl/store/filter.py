"""`--filter`: a small language for choosing runs. Conditions are parsed, but never evaluated as Python.

    val_accuracy > 0.85 and optimizer.kind == nadam
    status == "stopped early" or not (epochs >= 10)
    optimizer in (adam, nadam) and model.layers[1].units == 300

A comparison has a column on the left and a number, a word, or words in parentheses on the right. Words that contain
other characters than letters, digits and underscores must be quoted. A column of several values, such as `tags`, is
equal to a word if one of them is.
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from dnnctl.errors import UserError, shorten
from dnnctl.store.columns import names_of, value_of
from dnnctl.store.record import RunRecord

MAX_LENGTH = 1000
MAX_DEPTH = 50
"""The most levels of Python's syntax tree, which has several for each pair of parentheses."""
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, options: value in options,
    ast.NotIn: lambda value, options: value not in options,
}
LONE_EQUALS = re.compile(r"(?<![=!<>])=(?!=)")
EXAMPLE = "For example: --filter 'val_accuracy > 0.85 and optimizer.kind == nadam'"
Test = Callable[[RunRecord], bool]


@dataclass(frozen=True)
class Filter:
    """A parsed condition."""

    test: Test
    names: tuple[str, ...]
    """The columns that it uses."""

    def choose(self, runs: Sequence[RunRecord]) -> list[RunRecord]:
        """The runs that match the condition.

        Raises:
            UserError: it names a column that none of the runs has.
        """
        check_names(self.names, runs)
        return [run for run in runs if self.test(run)]


def parse_filter(text: str) -> Filter:
    """Parse a condition.

    Raises:
        UserError: it is not a condition.
    """
    tree = _parse(text)
    names: list[str] = []
    return Filter(_test(tree.body, names), tuple(dict.fromkeys(names)))


def _parse(text: str) -> ast.Expression:
    """The syntax tree of a condition, which is not deeply nested.

    Raises:
        UserError: it is not a Python expression, or too long or too deeply nested.
    """
    if len(text) > MAX_LENGTH:
        raise UserError(f"--filter: must have at most {MAX_LENGTH:,} characters. Received: {len(text):,}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about invalid escapes in quoted text
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        hint = "Use `==` to compare. " if LONE_EQUALS.search(text) else ""
        message = f"--filter: must be a valid condition. Received: {shorten(text, 100)}. {hint}{EXAMPLE}"
        raise UserError(message) from None
    level: list[ast.AST] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if level:
        raise UserError(f"--filter: is nested too deeply. Received: {shorten(text, 100)}. {EXAMPLE}")
    return tree


def check_names(names: Iterable[str], runs: Sequence[RunRecord]) -> None:
    """Raise unless each name is a column of one of the runs.

    Raises:
        UserError: none of the runs has one of the columns; the message has the nearest names.
    """
    for name in names:
        if runs and not any(value_of(run, name) is not None for run in runs):
            known = sorted({known for run in runs for known in names_of(run)})
            if name in known:
                continue
            near = get_close_matches(name, known, n=3, cutoff=0.5)
            metrics = [each for each in known if each.startswith(("val_", "test_"))]
            hint = (
                f"Did you mean {' or '.join(near)}?"
                if near
                else f"Available metrics: {', '.join(metrics[:6]) or 'none'}."
            )
            raise UserError(f"No run has the column '{name}'. {hint}")


def _test(node: ast.expr, names: list[str]) -> Test:
    if isinstance(node, ast.BoolOp):
        tests = [_test(value, names) for value in node.values]
        join = all if isinstance(node.op, ast.And) else any
        return lambda run: join(test(run) for test in tests)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _test(node.operand, names)
        return lambda run: not inner(run)
    if isinstance(node, ast.Compare):
        return _comparison(node, names)
    raise UserError(f"--filter: '{_text(node)}' is not a comparison. {EXAMPLE}")


def _comparison(node: ast.Compare, names: list[str]) -> Test:
    if len(node.ops) != 1 or type(node.ops[0]) not in COMPARISONS:
        raise UserError(f"--filter: '{_text(node)}' must be a single comparison; join several with `and`. {EXAMPLE}")
    name, compare, wanted = _name(node.left), COMPARISONS[type(node.ops[0])], _value(node.comparators[0])
    names.append(name)
    if isinstance(node.ops[0], ast.In | ast.NotIn) and not isinstance(wanted, list):
        wanted = [wanted]  # `in (nadam)`: one word in parentheses is that word

    quantify = all if isinstance(node.ops[0], ast.NotEq | ast.NotIn) else any

    def test(run: RunRecord) -> bool:
        value = value_of(run, name)
        try:
            if isinstance(value, tuple):
                return quantify(compare(each, wanted) for each in value)
            return value is not None and compare(value, wanted)
        except TypeError:
            is_text = isinstance(value, str | tuple)
            kind = "text; compare it with quoted text" if is_text else "not text; compare it with a number"
            raise UserError(f"--filter: {name} is {kind}. Received: {wanted!r}.") from None

    return test


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int):
        return f"{_name(node.value)}.{node.slice.value}"
    raise UserError(f"--filter: '{_text(node)}' is not a column. {EXAMPLE}")


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Tuple | ast.List):
        return [_value(entry) for entry in node.elts]
    if isinstance(node, ast.Name | ast.Attribute):
        word = _name(node)
        return {"true": True, "false": False}.get(word, word)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _value(node.operand)
        if isinstance(number, int | float):
            return -number
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float):
        return node.value
    raise UserError(f"--filter: '{_text(node)}' must be a number or a word. Put other text in quotes.")


def _text(node: ast.expr) -> str:
    """A part of the condition, for messages."""
    return shorten(ast.unparse(node), 100)

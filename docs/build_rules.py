"""Writes docs/rules.md, the rules of `dnnctl check`, from their docstrings: `python docs/build_rules.py`."""

from __future__ import annotations

from pathlib import Path

from dnnctl.advice.rules import RULES

TARGET = Path(__file__).with_name("rules.md")
INTRODUCTION = """# The rules of `dnnctl check`

*Written from the docstrings of the rules by `make docs`.*

`dnnctl check SPEC` reports errors in a spec, and then advises on its recipe. An `error` means that the recipe cannot
work; the exit code is 2. A `warning` means that it probably works badly; with `--strict`, the exit code is 2, too. A
`hint` means that something else is usually better.

`--fix` makes the changes that leave no choice, and keeps comments and layout. `# dnnctl: ignore=RULE` at the end of a
line ignores a rule there; on a line of its own, it ignores the rule in the whole file. `--explain RULE` prints what is
below.
"""


def main() -> None:
    """Write the reference."""
    TARGET.write_text(reference(), encoding="utf-8")


def reference() -> str:
    """The reference as Markdown: a table of contents, and a section for each rule."""
    table = [f"| [{rule.id}](#{rule.id}) | {rule.severity} | {rule.summary} |" for rule in RULES.values()]
    sections = [f"## {rule.id}\n\n{rule.explanation}\n" for rule in RULES.values()]
    return "\n".join([INTRODUCTION, "| rule | severity | why |", "|---|---|---|", *table, "", *sections])


if __name__ == "__main__":
    main()

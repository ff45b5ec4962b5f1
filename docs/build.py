"""Writes docs/spec.md, the reference of the spec, from the docstrings of its sections: `python docs/build.py`."""

from __future__ import annotations

from pathlib import Path

from dnnctl.specs.experiment import Spec
from dnnctl.specs.field import Kind, Section
from dnnctl.specs.reading.introspection import kinds_of, sections_of
from dnnctl.specs.reading.reference import KeyReference, describe_keys, describe_section
from dnnctl.specs.sweep import Sweep

TARGET = Path(__file__).with_name("spec.md")
INTRODUCTION = """# The spec

*Generated from the docstrings in the code by `make docs`.*

A spec is a YAML file. `extends: other.yaml` starts from another spec: mappings are merged key by key, everything else
is replaced, and `description` is not inherited.

Every choice is a mapping with `kind`, and a bare word is short for a mapping with only `kind`: `optimizer: nadam` is
`optimizer: {kind: nadam}`.

`--set a.b=value` sets a key from the command line. The entries of a list are numbered from 0
(`--set model.layers.1.units=50`).

A relative path starts at the folder of the spec that contains it; with `--set` or in a pipe (`dnnctl train <(…)`), at
the working directory. A spec has at most 1 MiB, 20,000 values with its aliases expanded, 50 levels and 600 layers in a
row, and extends at most 20 others. Tags, duplicate keys and empty values are refused.

A default of `{}` means that all keys of the section have their defaults.
"""


SWEEPS = """# Sweeps

The file of `dnnctl sweep`, which [sweep.md](sweep.md) explains.
"""


def main() -> None:
    """Write the reference."""
    TARGET.write_text(reference(), encoding="utf-8")


def reference() -> str:
    """The reference as Markdown: each section once, in reading order."""
    own = sections_of(Spec)
    of_sweeps = [section for section in sections_of(Sweep) if section not in own]
    return "\n".join([INTRODUCTION, *map(_describe, own), SWEEPS, *map(_describe, of_sweeps)])


def _describe(section: type[Section]) -> str:
    kinds = kinds_of([section]) if issubclass(section, Kind) else []
    title = ", ".join(f"`{kind}`" for kind in kinds) if kinds else section.__name__
    anchor = f'<a id="{section.__name__.lower()}"></a>'
    lines = [f"{anchor}\n\n## {title}\n", describe_section(section), ""]
    rows = [_row(key) for key in describe_keys(section, _linked)]
    if rows:
        lines += ["| key | values | default | meaning |", "|---|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _row(key: KeyReference) -> str:
    default = "required" if key.default is None else f"`{key.default}`"
    meaning = key.meaning.replace("|", "\\|")
    return f"| `{key.name}` | {', '.join(key.values)} | {default} | {meaning} |"


def _linked(word: str, section: type[Section] | None) -> str:
    return f"`{word}`" if section is None else f"[`{word}`](#{section.__name__.lower()})"


if __name__ == "__main__":
    main()

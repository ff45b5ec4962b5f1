"""Writes docs/spec.md, the reference of the spec, from the docstrings of its sections: `python docs/build.py`."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic_core import PydanticUndefined

from dnnctl.specs.experiment import Spec
from dnnctl.specs.field import Kind, Section
from dnnctl.specs.reading.introspection import is_section, kinds_of, members, sections_of
from dnnctl.specs.reading.schema import field_docs
from dnnctl.specs.reading.yaml_writer import write_yaml
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
    lines = [f"{anchor}\n\n## {title}\n", inspect.cleandoc(section.__doc__ or ""), ""]
    rows = [_row(section, name) for name in section.model_fields if name != "kind"]
    if rows:
        lines += ["| key | values | default | meaning |", "|---|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _row(section: type[Section], name: str) -> str:
    field = section.model_fields[name]
    default = "required" if field.default is PydanticUndefined else f"`{_written(field.default)}`"
    meaning = " ".join(field_docs(section).get(name, "").split()).replace("|", "\\|")
    return f"| `{field.alias or name}` | {_values(field.annotation)} | {default} | {meaning} |"


def _written(value: Any) -> str:
    if isinstance(value, Section):
        changed = [name for name, field in type(value).model_fields.items() if getattr(value, name) != field.default]
        assert changed in ([], ["kind"]), "the default of a section is a word or the section's own defaults"
        return value.kind if isinstance(value, Kind) else "{}"
    return write_yaml(value).replace("...", "").strip() if not isinstance(value, str) else value or "''"


def _values(annotation: Any) -> str:
    parts: list[str] = []
    for member in members(annotation):
        if get_origin(member) is list:
            parts.append(f"list of {_values(get_args(member)[0])}")
        elif get_origin(member) is dict:
            parts.append(f"mapping to {_values(get_args(member)[1])}")
        elif get_origin(member) is Literal:
            parts += [f"`{word}`" for word in get_args(member)]
        elif get_origin(member) is dict:
            parts.append(f"mapping from {' to '.join(_values(part) for part in get_args(member))}")
        elif is_section(member):
            kinds = kinds_of([member]) if issubclass(member, Kind) else [member.__name__]
            parts += [f"[`{kind}`](#{member.__name__.lower()})" for kind in kinds]
        else:
            parts.append(
                {"int": "whole number", "float": "number", "bool": "true, false", "str": "text", "Any": "values"}[
                    member.__name__
                ]
            )
    return ", ".join(dict.fromkeys(parts))


if __name__ == "__main__":
    main()

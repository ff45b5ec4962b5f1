"""Writes plain values as YAML that the strict reader reads as the same values."""

from __future__ import annotations

from typing import Any

import yaml

from dnnctl.specs.reading.yaml_rules import parse_scalar


class _Dumper(yaml.SafeDumper):
    """A safe dumper that quotes text that YAML 1.2 would read as another type."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 (PyYAML's name)
        super().increase_indent(flow, False)


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    is_plain = isinstance(parse_scalar(text), str)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain else "'")


def _represent_float(dumper: _Dumper, number: float) -> yaml.Node:
    text = repr(number).replace("inf", ".inf")
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e", 1)
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(float, _represent_float)


class _InlineDumper(_Dumper):
    """Quotes text with line breaks and the like so that it stays on one line."""


def _represent_inline_text(dumper: _Dumper, text: str) -> yaml.Node:
    is_plain = isinstance(parse_scalar(text), str) and text.isprintable()
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain else '"')


_InlineDumper.add_representer(str, _represent_inline_text)


def write_yaml(value: Any) -> str:
    """The value as YAML in block style; the order of keys is preserved."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, default_flow_style=False)


def write_inline(value: Any) -> str:
    """The value as YAML on one line, as it can be written after a key or in a list."""
    return yaml.dump(
        [value], Dumper=_InlineDumper, sort_keys=False, allow_unicode=True, width=float("inf"), default_flow_style=True
    )[1:-2]

"""The JSON Schema of a spec, for editors. The docstrings of sections and keys are its descriptions."""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from dnnctl.specs.experiment import Spec
from dnnctl.specs.field import Kind, Section
from dnnctl.specs.reading.introspection import sections_of
from dnnctl.specs.reading.overlay_schema import overlay_schema, word_schemas

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXTENDS = {"type": "string", "description": "The spec that this one starts from, relative to this file."}


def json_schema() -> dict[str, Any]:
    """The schema of a spec as a user may write it: with `extends`, and with bare words for mappings of only `kind`."""
    whole = Spec.model_json_schema(mode="validation", schema_generator=GenerateJsonSchema)
    definitions = whole.pop("$defs")
    for section in sections_of(Spec):
        target = whole if section is Spec else definitions.get(section.__name__)
        if target is not None:
            _describe(target, section)
    _allow_words(whole, definitions)
    _allow_words(definitions, definitions)
    whole["required"] = [key for key in whole["required"] if key != "name"]  # the default is the file's name
    overlay, added = overlay_schema(whole, definitions)
    overlay["properties"]["extends"] = EXTENDS
    return {
        "$schema": DIALECT,
        "title": whole["title"],
        "description": whole["description"],
        "if": {"required": ["extends"]},
        "then": overlay,
        "else": whole,
        "$defs": definitions | added | _words(definitions),
    }


@cache
def field_docs(section: type[Section]) -> dict[str, str]:
    """The docstring below each field of a section, including the fields of its base classes."""
    docs: dict[str, str] = {}
    for base in reversed(section.__mro__):
        if isinstance(base, type) and issubclass(base, Section) and base is not Section:
            docs |= _own_field_docs(base)
    return docs


def _own_field_docs(section: type[Section]) -> dict[str, str]:
    module = ast.parse(inspect.getsource(sys.modules[section.__module__]))
    classes = [node for node in module.body if isinstance(node, ast.ClassDef) and node.name == section.__name__]
    docs: dict[str, str] = {}
    for node in classes:
        for field, beneath in zip(node.body, node.body[1:], strict=False):
            if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
                continue
            if isinstance(beneath, ast.Expr) and isinstance(beneath.value, ast.Constant):
                docs[field.target.id] = inspect.cleandoc(str(beneath.value.value))
    return docs


def _describe(target: dict[str, Any], section: type[Section]) -> None:
    if section.__doc__:
        target["description"] = inspect.cleandoc(section.__doc__)
    for name, text in field_docs(section).items():
        if name in target.get("properties", {}):
            target["properties"][name]["description"] = text
    if issubclass(section, Kind):
        target["properties"]["kind"]["description"] = target["description"]  # what an editor shows for the word


def _allow_words(schema: Any, definitions: dict[str, Any]) -> None:
    """Allow every choice to be a word that is short for a mapping with only `kind`."""
    if isinstance(schema, list):
        for item in schema:
            _allow_words(item, definitions)
    if not isinstance(schema, dict):
        return
    for value in list(schema.values()):
        _allow_words(value, definitions)
    discriminator = schema.get("discriminator")
    if isinstance(discriminator, dict) and "mapping" in discriminator:
        kinds = discriminator["mapping"].items()
        words = [word for word, reference in kinds if _needs_only_kind(reference, definitions)]
        choice = {"oneOf": schema.pop("oneOf"), "discriminator": schema.pop("discriminator")}
        schema["anyOf"] = [*word_schemas(discriminator["mapping"], words), choice]


def _words(definitions: dict[str, Any]) -> dict[str, Any]:
    """For each kind its bare word with what it means, which an editor shows."""
    kinds = {name: each["properties"]["kind"] for name, each in definitions.items() if "kind" in each["properties"]}
    return {
        f"{name}.{word}": {"const": word, "description": kind["description"]}
        for name, kind in kinds.items()
        for word in kind.get("enum", [kind.get("const")])
    }


def _needs_only_kind(reference: str, definitions: dict[str, Any]) -> bool:
    definition: dict[str, Any] = definitions[reference.rsplit("/", 1)[-1]]
    return definition.get("required") == ["kind"]

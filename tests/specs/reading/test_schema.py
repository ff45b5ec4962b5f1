from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from dnnctl.specs.common_kind import Nothing
from dnnctl.specs.experiment import Spec
from dnnctl.specs.field import Section
from dnnctl.specs.loss import Huber
from dnnctl.specs.optimizer import Adagrad, AdamVariant, Sgd
from dnnctl.specs.reading.introspection import sections_of
from dnnctl.specs.reading.schema import field_docs, json_schema
from dnnctl.specs.reading.yaml_reader import read_document

ROOT = Path(__file__).parents[3]
FOLDERS = [ROOT / "configs", ROOT / "configs" / "chapter11", ROOT / "dnnctl" / "presets"]
SHIPPED = sorted(path for folder in FOLDERS for path in folder.glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_schema_accepts_the_shipped_specs(path: Path, validator: Any) -> None:
    validator.validate(read_document(path.read_text(), path.name)[0].plain())


FINE = "{data: {source: mnist}, model: {layers: [{kind: dense, units: 5}]}, optimizer: {kind: sgd}}"
OVERLAY = "{extends: a.yaml, optimizer: {momentum: 0.9}, model: {defaults: {dropout: {rate: 0.1}}, layers: [flatten]}}"


@pytest.mark.parametrize("fine", [FINE, OVERLAY, "{extends: a.yaml}", "{extends: a.yaml, data: {validation: {}}}"])
def test_the_schema_accepts_a_spec_and_one_that_extends_it(fine: str, validator: Any) -> None:
    validator.validate(yaml.safe_load(fine))


WRONG = [
    # (a valid spec, what to replace, the replacement)
    (FINE, "kind: sgd", "kind: sgdd"),
    (FINE, "{kind: sgd}", "sgdd"),
    (FINE, "{kind: sgd}", "{momentum: 0.9}"),
    (FINE, "kind: sgd", "kind: sgd, momentun: 0.9"),
    (FINE, "{kind: dense, units: 5}", "dense"),
    (FINE, "units: 5", "units: 0"),
    (FINE, "units: 5", "unit: 5"),
    (FINE, "data: {source: mnist}, ", ""),
    (FINE, "source: mnist", ""),
    (FINE, "optimizer", "optimiser"),
    (OVERLAY, "momentum: 0.9", "momentun: 0.9"),
    (OVERLAY, "momentum: 0.9", "kind: sgdd, momentum: 0.9"),
    (OVERLAY, "momentum: 0.9", "kind: adam, momentum: 0.9"),
    (OVERLAY, "rate: 0.1", "rate: 1.5"),
    (OVERLAY, "[flatten]", "[dense]"),
    (OVERLAY, "[flatten]", "[{units: 5}]"),
    (OVERLAY, "optimizer", "optimiser"),
    (OVERLAY, "a.yaml", "5"),
]


@pytest.mark.parametrize(("fine", "old", "new"), WRONG)
def test_the_schema_refuses_what_the_reader_refuses(fine: str, old: str, new: str, validator: Any) -> None:
    assert fine.count(old) == 1
    assert list(validator.iter_errors(yaml.safe_load(fine.replace(old, new))))


def shown_at(schema: Any, value: Any, root: dict[str, Any]) -> list[str]:
    """What an editor shows for a value: the descriptions of the innermost schemas that it fits."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    inner = [each for key in ("anyOf", "oneOf") for each in schema.get(key, [])]
    fitting = [
        each for each in inner if jsonschema.Draft202012Validator({**each, "$defs": root["$defs"]}).is_valid(value)
    ]
    if fitting:
        return [text for each in fitting for text in shown_at(each, value, root)]
    kind = schema.get("properties", {}).get("kind", {}) if isinstance(value, dict) else schema
    return [kind.get("description", "")]


@pytest.mark.parametrize("branch", ["else", "then"])
@pytest.mark.parametrize(
    ("section", "key", "word", "section_class"),
    [
        ("optimizer", None, "adagrad", Adagrad),
        ("optimizer", None, "nadam", AdamVariant),
        ("optimizer", None, {"kind": "sgd"}, Sgd),
        ("optimizer", None, {"kind": "lamb"}, AdamVariant),
        ("loss", None, "huber", Huber),
        ("training", "pretraining", "none", Nothing),
    ],
)
def test_an_editor_shows_what_a_kind_is(
    branch: str, section: str, key: str | None, word: Any, section_class: type[Section]
) -> None:
    """For a bare word as for the kind of a mapping: the docstring of its class, also in a spec that extends another."""
    schema = json_schema()
    found = schema[branch]["properties"][section]
    if key is not None:
        found = schema["$defs"][found["$ref"].rsplit("/", 1)[-1]]["properties"][key]
    assert inspect.cleandoc(section_class.__doc__ or "") in shown_at(found, word, schema)


def test_every_section_and_every_key_is_documented() -> None:
    """`explain`, the schema and the reference are generated from the docstrings."""
    missing = [
        f"{section.__name__}.{name}"
        for section in sections_of(Spec)
        for name in section.model_fields
        if name != "kind" and name not in field_docs(section)
    ]
    assert missing == []
    assert [section.__name__ for section in sections_of(Spec) if not section.__doc__] == []

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from dnnctl.specs.experiment import Spec
from dnnctl.specs.reading.introspection import sections_of
from dnnctl.specs.reading.schema import field_docs, json_schema
from dnnctl.specs.reading.yaml_reader import read_document

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_schema_accepts_the_shipped_specs(path: Path, validator: Any) -> None:
    validator.validate(read_document(path)[0].plain())


@pytest.mark.parametrize(
    "spoiled",
    [
        "{optimizer: adamm}",
        "{optimizer: {kind: sgd, momentun: 0.9}}",
        "{model: {layers: [dense]}}",
        "{trainig: {}}",
        "{training: {epochs: 0}}",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(spoiled: str, validator: Any) -> None:
    assert list(validator.iter_errors(yaml.safe_load(spoiled)))


def test_every_section_and_every_key_is_documented() -> None:
    """`explain`, the schema and the reference rest on it."""
    missing = [
        f"{section.__name__}.{name}"
        for section in sections_of(Spec)
        for name in section.model_fields
        if name != "kind" and name not in field_docs(section)
    ]
    assert missing == []
    assert [section.__name__ for section in sections_of(Spec) if not section.__doc__] == []

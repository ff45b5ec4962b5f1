"""What a run takes and answers, for programs (`/metadata`, OpenAPI) and for the page."""

from __future__ import annotations

from typing import Any

from dnnctl.serving.guard import Limits
from dnnctl.serving.service import Service
from dnnctl.store.column_summary import EPOCH
from dnnctl.store.encoding import ColumnEncoding
from dnnctl.text import format_shape

JSON_TYPES = {"number": "number", "boolean": "boolean", "date": "string", "category": "string"}
LONGEST_EXAMPLE = 200
"""The number of values of the longest array that is an example."""


def describe(service: Service, limits: Limits) -> dict[str, Any]:
    """The run, its inputs, its outputs and its results."""
    run, target = service.run, service.predictor.target
    summary = run.summary
    return {
        "run": run.id,
        "name": run.name,
        "description": run.facts.spec.get("description") or "",
        "created": run.facts.created,
        "weights": service.weights,
        "altered": list(service.altered),
        "task": target.task,
        "names": list(target.names),
        "inputs": _inputs(service),
        "metrics": {role: summary.measured(role) if summary else {} for role in ("validation", "test")},
        "data_digest": run.facts.data.digest if run.facts.data else None,
        "limits": {"rows": limits.rows, "bytes": limits.bytes, "requests_per_second": limits.rate},
    }


def example(service: Service) -> list[Any] | None:
    """A request with one row; None if it would be too long to read."""
    if service.form.encoding is not None:
        return [{how.name: _typical(how) for how in service.form.encoding.columns}]
    row: Any = 0
    n_values = 1
    for size in reversed(service.form.shape):
        row, n_values = [row] * size, n_values * size
    return [row] if n_values <= LONGEST_EXAMPLE else None


def request_body(service: Service) -> dict[str, Any]:
    """The body of `POST /predict`, as OpenAPI describes it."""
    rows: dict[str, Any] = {"schema": {"type": "array", "items": _row_schema(service), "minItems": 1}}
    if (shown := example(service)) is not None:
        rows["example"] = shown
    content: dict[str, Any] = {"application/json": rows}
    if service.takes_images:
        file = {"type": "string", "format": "binary"}
        content["image/*"] = {"schema": file}
        files = {"type": "object", "properties": {"file": {"type": "array", "items": file}}}
        content["multipart/form-data"] = {"schema": files}
    return {"required": True, "content": content}


def _inputs(service: Service) -> dict[str, Any]:
    form = service.form
    if form.encoding is not None:
        return {"kind": "table", "columns": [_column(how) for how in form.encoding.columns]}
    limits = [0, 255] if form.is_pixels else list(form.input_range)
    return {"kind": "image" if service.takes_images else "array", "shape": list(form.shape), "range": limits}


def _column(how: ColumnEncoding) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": how.name, "kind": how.kind}
    if how.kind == "category":
        return {**facts, "categories": [each for each in how.categories if each]}
    if how.kind in ("number", "date"):
        return {**facts, "minimum": _value(how, how.minimum), "maximum": _value(how, how.maximum)}
    return facts


def _typical(how: ColumnEncoding) -> Any:
    """A value that the training split may have had."""
    if how.kind == "category":
        return next((each for each in how.categories if each), "")
    return (
        True if how.kind == "boolean" else _value(how, float(f"{how.mean:.3g}") if how.kind == "number" else how.mean)
    )


def _value(how: ColumnEncoding, number: float | None) -> Any:
    """A number, or a date that is given in days, as JSON."""
    if number is None or how.kind != "date":
        return number
    try:
        return EPOCH.fromordinal(EPOCH.toordinal() + round(number)).isoformat()
    except (ValueError, OverflowError):  # not in the calendar
        return None


def _row_schema(service: Service) -> dict[str, Any]:
    form = service.form
    if form.encoding is None:
        return {"type": "array", "description": f"{format_shape(form.shape)} numbers as nested lists"}
    properties: dict[str, Any] = {}
    for how in form.encoding.columns:
        properties[how.name] = {"type": [JSON_TYPES[how.kind], "null"]}
        if how.kind == "date":
            properties[how.name]["format"] = "date"
    return {"type": "object", "properties": properties, "required": list(properties)}

"""The pages for people: a form with the answer, and the reference. They load nothing and work without a network."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from dnnctl.serving.description import example
from dnnctl.serving.service import Service

CALLS = {
    "application/json": "curl -H 'Content-Type: application/json' -d @rows.json http://…/predict",
    "image/*": "curl -H 'Content-Type: image/png' --data-binary @image.png http://…/predict",
    "multipart/form-data": "curl -F file=@image.png http://…/predict",
}
"""How a program sends a body of this type."""


@dataclass(frozen=True)
class Page:
    """A page, and the headers that let a browser run only its own script."""

    text: str
    headers: dict[str, str]


def build_page(service: Service, facts: dict[str, Any]) -> Page:
    """The form of a run.

    Args:
        facts: what `/metadata` answers.
    """
    script, style = _file("page.js"), _file("page.css")
    text = Template(_file("page.html")).substitute(
        title=escape(facts["name"] or facts["run"]),
        facts=_inside_script({**facts, "example": example(service)}),
        script=script,
        style=style,
    )
    return Page(text, _policy(style, script))


def build_reference(openapi: dict[str, Any]) -> Page:
    """The reference of the API, from its OpenAPI description."""
    style = _file("page.css")
    parts = [
        _operation(path, method, facts)
        for path, methods in openapi["paths"].items()
        for method, facts in methods.items()
    ]
    info = openapi["info"]
    text = Template(_file("reference.html")).substitute(
        title=escape(info["title"]), description=escape(info["description"]), style=style, body="\n".join(parts)
    )
    return Page(text, _policy(style))


def _operation(path: str, method: str, facts: dict[str, Any]) -> str:
    body = facts.get("requestBody", {}).get("content", {})
    parts = [f"<h2>{escape(method.upper())} {escape(path)}</h2><p>{escape(facts['summary'])}</p>"]
    for kind, content in body.items():
        shown = json.dumps(content.get("example", content["schema"]), indent=2, ensure_ascii=False)
        parts.append(f"<h3>{escape(kind)}</h3><pre>{escape(CALLS[kind])}</pre><pre>{escape(shown)}</pre>")
    rows = "".join(
        f'<tr><th scope="row">{escape(status)}</th><td>{escape(each["description"])}</td></tr>'
        for status, each in facts["responses"].items()
    )
    return "\n".join([*parts, f"<h3>Status</h3><table>{rows}</table>"])


def _file(name: str) -> str:
    return (files("dnnctl.serving") / name).read_text(encoding="utf-8")


def _policy(style: str, script: str | None = None) -> dict[str, str]:
    """The header that lets a page use this style and this script, show images, and ask this server only."""
    allowed = f"style-src {_hash(style)}; img-src blob: data:; connect-src 'self'"
    scripts = f"script-src {_hash(script)}; " if script is not None else ""
    rest = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return {"content-security-policy": f"default-src 'none'; {scripts}{allowed}; {rest}"}


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"


def _inside_script(value: Any) -> str:
    """JSON that cannot end the script element that holds it."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")

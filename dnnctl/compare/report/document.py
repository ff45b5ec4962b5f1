"""A self-contained HTML file: its parts, its charts, and the scripts that draw them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any

from dnnctl.compare.report.chart import Charts
from dnnctl.errors import UserError
from dnnctl.store.environment import installed_version
from dnnctl.store.files import finite_only


def plotly_script() -> str:
    """The source of plotly.js.

    Raises:
        UserError: plotly is not installed.
    """
    found = find_spec("plotly")
    path = Path(found.origin).parent / "package_data" / "plotly.min.js" if found and found.origin else None
    if path is None or not path.is_file():
        raise UserError("A report needs plotly. Install it: pip install 'dnnctl[report]'")
    return path.read_text(encoding="utf-8")


def build_document(title: str, parts: Sequence[str], charts: Charts) -> str:
    """The file with a title, the HTML of its parts and its charts."""
    here = files("dnnctl.compare.report")
    template = Template((here / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(title),
        style=(here / "page.css").read_text(encoding="utf-8"),
        body="\n".join(parts),
        version=str(installed_version("dnnctl")),
        data=_inside_script(vars(charts)),
        plotly=plotly_script(),
        script=(here / "page.js").read_text(encoding="utf-8"),
    )


def _inside_script(value: Any) -> str:
    """JSON that cannot end the script element that holds it."""
    return json.dumps(finite_only(value)).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")

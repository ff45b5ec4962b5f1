"""The page of a probe is one file without scripts, and its cells are the numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from math import nan

from dnnctl.compare.report.probe_page import build_probe_page
from dnnctl.store.layer_statistics import LayerStatistics, Measurement

LAYER = LayerStatistics("dense_1", "relu", mean=0.0, deviation=1.0, dead=0.0, saturated=0.0, gradient=1e-8)
LAYERS = (LAYER, replace(LAYER, layer="<b>", gradient=nan), replace(LAYER, layer="output", gradient=1.0))


class Tags(HTMLParser):
    """The tags of a page that load or run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "b") or any(name == "src" for name, _ in attrs):
            self.found.append(tag)


def test_a_page_has_the_verdict_the_cells_and_the_numbers() -> None:
    bad = Measurement(0, LAYERS, "vanishing", ("dense_1",))
    page = build_probe_page("Probe of <x>", ["verdict: vanishing", "fix: a < b"], [bad, replace(bad, step=5)])
    assert Tags(page).found == []
    assert "Probe of &lt;x&gt;" in page
    assert "fix: a &lt; b" in page
    cells = re.findall(r'title="gradient of dense_1, (.*?): (.*?)"', page)
    assert cells == [("at the start", "1e-08, to blame"), ("after 5 steps", "1e-08, to blame")]
    assert 'title="gradient of &lt;b&gt;, at the start: infinite or NaN"' in page
    assert "Saturated" not in page
    assert "After 5 steps: vanishing" in page

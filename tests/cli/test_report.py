"""`dnnctl report`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from command_line import call
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter
from stored_trials import store_trial

SCRIPT = "<script>alert(1)</script >"


def test_a_report_is_one_file_that_loads_nothing_and_runs_no_foreign_code(
    runs: list[RunRecord], tmp_path: Path
) -> None:
    facts = json.loads(runs[0].folder.run.read_text())
    facts["host"] = facts["command"][0] = SCRIPT
    facts["spec"]["optimizer"]["kind"] = facts["parent"] = None
    facts["spec"]["model"]["defaults"]["activation"] = SCRIPT
    facts["layers"] = [[SCRIPT, SCRIPT, 3]]
    runs[0].folder.run.write_text(json.dumps(facts))
    rows = runs[0].folder.metrics.read_text().replace('"accuracy"', f'"{SCRIPT}": 1, "accuracy"')
    runs[0].folder.metrics.write_text(rows)
    assert runs[0].summary is not None
    with RunWriter.open(runs[0]) as writer:
        writer.write_summary(runs[0].summary)  # as if the run had been made like this
    done = call("report", "good", "bad", "-o", tmp_path / "r.html")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "r.html").read_text()
    assert len(page) < 6_000_000
    assert SCRIPT not in page
    data = re.search(r'<script type="application/json" id="data">(.*?)</script[\s/>]', page, flags=re.DOTALL)
    assert data is not None
    assert SCRIPT in json.loads(data[1])["curves"][0]["rows"], "a script element ends where HTML says that it ends"
    own = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"(?:src|href)=[\"'](?!data:|#)", own)
    assert "default-src 'none'" in page
    assert "good is better than bad" in page


@pytest.mark.usefixtures("runs")
def test_without_plotly_the_report_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnnctl.compare.report.document.find_spec", lambda _: None)
    done = call("report", "good")
    assert (done.exit_code, "pip install 'dnnctl[report]'" in done.stderr) == (2, True)


@pytest.mark.usefixtures("runs")
def test_only_an_earlier_report_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    page.write_text("my page")
    for command in (["report", "good", "-o", page], ["compare", "good", "--html", page]):
        done = call(*command)
        assert (done.exit_code, "was not overwritten" in done.stderr, page.read_text()) == (2, True, "my page")
    assert call("report", "good", "-o", page, "--force").exit_code == 0
    first = page.read_text()
    assert call("report", "bad", "-o", page).exit_code == 0
    assert page.read_text() != first


def test_the_name_of_a_sweep_gives_its_report(tmp_path: Path) -> None:
    """Among others it means its best runs, which are compared."""
    for number in (1, 2, 3, 4):
        store_trial(tmp_path, number, [number / 10])
    out = tmp_path / "r.html"
    done = call("report", "net", "--runs-dir", tmp_path, "-o", out)
    assert (done.exit_code, done.output) == (0, f"report: {out}\n")
    assert "Parallel coordinates" in out.read_text()
    refused = call("report", "net", "--metric", "accuracy", "--runs-dir", tmp_path)
    assert (refused.exit_code, "--metric" in refused.stderr) == (2, True)
    done = call("report", "net", "net-0001", "--runs-dir", tmp_path, "-o", out)
    assert done.exit_code == 0, done.output
    assert "Parallel coordinates" not in out.read_text()
    assert all(f"net-000{number}" in out.read_text() for number in (1, 2, 3, 4))

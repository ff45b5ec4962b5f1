"""A report in a real browser: it is drawn, complains of nothing, and asks nobody for anything."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from dnnctl.cli.app import app
from stored import store_run

pytestmark = pytest.mark.heavy


BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr",
    "--virtual-time-budget=6000", "--dump-dom",
]  # fmt: skip
PROBE = """<script>
setTimeout(() => {
  const root = document.documentElement;
  const axis = document.getElementById("axis");
  axis.value = "time";
  axis.dispatchEvent(new Event("change"));
  document.getElementById("theme").click();
  setTimeout(() => {
    const found = {
      asked: performance.getEntriesByType("resource").map((each) => each.name).filter((name) => !/^data:/.test(name)),
      lines: document.querySelectorAll("#curves .scatterlayer .trace").length,
      xTitle: document.querySelector("#curves .xtitle").textContent,
      calibrations: document.querySelectorAll(".small .scatterlayer").length,
      tooWide: root.scrollWidth > root.clientWidth,
      paper: getComputedStyle(document.body).backgroundColor,
      theme: root.dataset.theme,
      unnamed: [...document.querySelectorAll("select, button, img, [role=img]")].filter((each) =>
        !(each.textContent.trim() || each.getAttribute("aria-label") || each.alt || each.closest("label"))).length,
    };
    const element = document.createElement("pre");
    element.id = "probe";
    element.textContent = JSON.stringify(found);
    document.body.append(element);
  }, 500);
}, 500);
</script>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two runs, with something in it that looks around."""
    folder = tmp_path_factory.mktemp("report")
    rest = np.arange(400) % 10
    a, b = store_run(folder, "a", right=rest < 9), store_run(folder, "b", right=rest < 5, seed=2, loss="mse")
    done = CliRunner().invoke(app, ["report", str(a.path), str(b.path), "-o", str(folder / "report.html")])
    assert done.exit_code == 0, done.output
    text = (folder / "report.html").read_text()
    (folder / "probed.html").write_text(text.replace("</body>", PROBE + "</body>"))
    return folder / "probed.html"


def look(page: Path, folder: Path, *flags: str) -> tuple[dict[str, Any], str]:
    """What the probe saw, and what the browser's console says."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip("no Chromium on this machine")
    command = [browser, *FLAGS, f"--user-data-dir={folder}", *flags, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    (found,) = re.findall(r'<pre id="probe">(.*?)</pre>', done.stdout)
    return json.loads(found), "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


@pytest.mark.parametrize(
    ("flags", "theme"),
    [
        (["--window-size=1200,900", "--blink-settings=preferredColorScheme=1"], "dark"),
        (["--window-size=1200,900", "--blink-settings=preferredColorScheme=0"], "light"),
        (["--window-size=500,900", "--blink-settings=preferredColorScheme=1"], "dark"),
    ],
    ids=["light", "dark", "phone"],
)
def test_a_report_is_drawn_and_asks_nobody(flags: list[str], theme: str, page: Path, tmp_path: Path) -> None:
    """In both themes, whose button leads to the other one, and at a phone's width."""
    seen, console = look(page, tmp_path, *flags)
    assert console == ""
    assert seen["asked"] == []
    assert (seen["lines"], seen["calibrations"]) == (4, 2)
    assert seen["xTitle"] == "training time (s)"
    assert not seen["tooWide"]
    assert seen["unnamed"] == 0
    assert (seen["theme"], seen["paper"]) == (theme, {"dark": "rgb(20, 22, 26)", "light": "rgb(255, 255, 255)"}[theme])

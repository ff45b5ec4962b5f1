"""A report in a real browser: it is drawn, complains of nothing, and asks nobody for anything."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from browser import open_browser
from dnnctl.cli.app import app
from dnnctl.store.labels import Labels
from dnnctl.store.writer import RunWriter
from stored import store_run
from stored_trials import PLAN, store_trial

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
  axis.dispatchEvent(new Event("input"));
  for (const each of document.querySelectorAll("details")) each.open = true;
  document.getElementById("log").click();
  const smoothing = document.getElementById("smoothing");
  smoothing.value = "0.5";
  smoothing.dispatchEvent(new Event("input"));
  document.getElementById("theme").click();
  setTimeout(() => {
    const found = {
      asked: performance.getEntriesByType("resource").map((each) => each.name).filter((name) => !/^data:/.test(name)),
      lines: document.querySelectorAll("#curves .scatterlayer .trace").length,
      xTitle: document.querySelector("#curves .xtitle").textContent,
      charts: [...document.querySelectorAll(".small")].map((each) => each.querySelector(".trace") !== null),
      yType: document.getElementById("curves").layout.yaxis.type,
      legend: [...document.querySelectorAll("#curves .legendtext")].map((each) => each.textContent),
      order: [...document.querySelectorAll("h2")].map((each) => each.textContent),
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


EVIL = "<a href='//e.x'>&lt;b&gt;</a>"
"""A name that is no HTML, although plotly reads some."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a run of each task, with something in it that looks around."""
    folder = tmp_path_factory.mktemp("report")
    rest = np.arange(400) % 10
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, (50, 3))
    tasks: dict[str, tuple[np.ndarray, np.ndarray]] = {
        "numbers": (draw.normal(size=(50, 1)), draw.normal(size=(50, 1))),
        "labels": (draw.random((50, 3)), labels),
        "classes": (draw.random((50, 1)), labels[:, 0]),
    }
    runs = [store_run(folder, "evil", right=rest < 9)]
    runs += [
        store_run(folder, task, predictions={"test_predictions": predicted, "test_labels": true}, task=task, loss=task)
        for task, (predicted, true) in tasks.items()
    ]
    rename = Labels(name=EVIL)
    with RunWriter.open(runs[0]) as writer:
        writer.change_labels(lambda _: rename)
    done = CliRunner().invoke(app, ["report", *(str(run.path) for run in runs), "-o", str(folder / "report.html")])
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
    return json.loads(unescape(found)), "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


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
    assert (seen["lines"], seen["yType"]) == (16, "log"), "a line for training and validation, also without smoothing"
    assert seen["charts"] == [True] * (1 + 3 + 2 + 4), "calibration; numbers; labels; two classes"
    assert seen["order"][:3] == ["Recipe", "Learning curves", "Verdict"]
    assert seen["legend"][:2] == [f"{EVIL} training", f"{EVIL} validation"]
    assert seen["xTitle"] == "training time (s)"
    assert not seen["tooWide"]
    assert seen["unnamed"] == 0
    assert (seen["theme"], seen["paper"]) == (theme, {"dark": "rgb(20, 22, 26)", "light": "rgb(255, 255, 255)"}[theme])


SIGHT = """new Promise((done) => {
  const root = document.documentElement;
  const charts = [...document.querySelectorAll(".chart")];
  const isDrawn = (each) => each.querySelector(".trace") !== null;
  const parallel = document.querySelector(".wide");
  const look = (patience) => {
    if (patience > 0 && !charts.every(isDrawn)) return setTimeout(look, 100, patience - 1);
    document.getElementById("theme").click();
    done({
      drawn: charts.map(isDrawn),
      asked: performance.getEntriesByType("resource").map((each) => each.name).filter((name) => !/^data:/.test(name)),
      tooWide: root.scrollWidth > root.clientWidth,
      marks: [...parallel.querySelectorAll(".xtick")].map((each) => each.textContent),
      words: [...parallel.querySelectorAll(".annotation-text")].map((each) => each.textContent),
      highest: Math.max(...charts.map((each) => each.layout.yaxis.range[1])),
      paper: getComputedStyle(document.body).backgroundColor,
    });
  };
  look(300);
})"""


@pytest.fixture(scope="module")
def sweep_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on a sweep with a trial of each state, and names that plotly could read as HTML."""
    folder = tmp_path_factory.mktemp("sweep")
    plan = {**PLAN, "objective": {"metric": "val_loss"}}
    states = ["finished"] * 9 + ["diverged", "stopped", "failed", "unfinished"]
    for number, state in enumerate(states, 1):
        loss = 1e9 if state == "diverged" else number / 10
        setting = {"optimizer.learning_rate": number / 10, "model.defaults.activation": [EVIL, "relu"][number % 2]}
        store_trial(folder, number, [loss], state=state, plan=plan, metric="val_loss", setting=setting)
    for place in (1, 2):
        setting = {"optimizer.learning_rate": 0.1, "model.defaults.activation": "relu"}
        confirming = {"confirms": place, "seed": place, "setting": setting, "plan": plan}
        store_trial(folder, 1, [0.2 + place / 100], metric="val_loss", **confirming)
    done = CliRunner().invoke(app, ["report", "net", "--runs-dir", str(folder), "-o", str(folder / "report.html")])
    assert done.exit_code == 0, done.output
    return folder / "report.html"


def test_the_report_on_a_sweep_is_drawn_at_every_width_in_both_themes(sweep_page: Path, tmp_path: Path) -> None:
    with open_browser(tmp_path) as browser:
        for width, is_dark in ((480, True), (1280, False), (1920, True)):
            browser.visit(sweep_page.as_uri(), width=width, is_dark=is_dark)
            seen = browser.run(SIGHT)
            assert seen["drawn"] == [True] * 6, "claim, history, parallel, two slices, learning curves"
            assert seen["asked"] == []
            assert not seen["tooWide"]
            assert seen["marks"] == ["learning_rate", "activation", "val_loss"]
            assert EVIL in seen["words"]
            assert seen["highest"] < 2, "one diverged trial does not set any axis"
            assert seen["paper"] == ("rgb(255, 255, 255)" if is_dark else "rgb(20, 22, 26)"), "the button changes it"
        assert browser.console == []

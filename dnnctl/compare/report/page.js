"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;
const metric = document.getElementById("metric");
const axis = document.getElementById("axis");

function colour(name) {
  return getComputedStyle(root).getPropertyValue(name).trim();
}

function layout(x, y, more) {
  const line = { gridcolor: colour("--line"), zerolinecolor: colour("--line"), automargin: true };
  return Object.assign({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: colour("--ink"), size: 13 },
    margin: { l: 55, r: 15, t: 40, b: 90 }, hovermode: "closest", legend: { orientation: "h", y: -0.25, yanchor: "top" },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--soft"), activecolor: colour("--accent") },
    xaxis: Object.assign({ title: { text: x } }, line), yaxis: Object.assign({ title: { text: y } }, line),
  }, more || {});
}

const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] };

function drawCurves() {
  const traces = [];
  for (const run of data.curves) {
    for (const name of [metric.value, "val_" + metric.value]) {
      if (run.rows[name]) {
        traces.push({
          x: run.rows[axis.value], y: run.rows[name], connectgaps: true, mode: run.rows[name].length > 1 ? "lines" : "markers",
          name: (run.is_first ? run.group : run.label) + (name.startsWith("val_") ? " validation" : " training"),
          legendgroup: run.group + name, showlegend: run.is_first, text: run.label, hovertemplate: "%{text}: %{y}<extra></extra>",
          line: { color: run.colour, dash: name.startsWith("val_") ? "solid" : "dot", width: 2 }, marker: { color: run.colour },
        });
      }
    }
  }
  Plotly.react("curves", traces, layout(axis.value === "epoch" ? "epoch" : "training time (s)", metric.value), config);
}

function drawCalibration() {
  for (const each of data.calibration) {
    const traces = [
      { x: [0, 1], y: [0, 1], mode: "lines", line: { color: colour("--soft"), dash: "dot" }, name: "perfect calibration", hoverinfo: "skip" },
      { x: each.confidence, y: each.accuracy, text: each.n.map((n) => n + " examples"), mode: "lines+markers", line: { color: each.colour }, name: each.label },
    ];
    const range = { range: [0, 1.02] };
    const page = layout("confidence", "accuracy");
    Object.assign(page.xaxis, range);
    Object.assign(page.yaxis, range);
    Plotly.react(each.id, traces, page, config);
  }
}

function draw() {
  if (data.curves.length) drawCurves();
  drawCalibration();
}

metric.addEventListener("change", drawCurves);
axis.addEventListener("change", drawCurves);
document.getElementById("theme").addEventListener("click", () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  draw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
for (const each of document.querySelectorAll("details")) {
  each.addEventListener("toggle", drawCalibration);
}
draw();

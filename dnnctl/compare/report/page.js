"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;
const control = (name) => document.getElementById(name);
const MANY = 6; // with more runs, the legend names only one line of each
const LONGEST = 32; // characters of a name in the legend
const SHORT = 14; // characters of a line below an axis
const ENTRY = { width: 200, height: 24 }; // pixels of a name in the legend

function colour(name) {
  return getComputedStyle(root).getPropertyValue(name).trim();
}

// Plotly reads some HTML in texts: links, styles. Names are shown as they are.
function plain(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

// The start and the end of a long name: a legend breaks no lines.
function brief(text) {
  return text.length <= LONGEST ? text : text.slice(0, 20) + "…" + text.slice(-11);
}

function axis(title, more) {
  const line = colour("--line");
  return Object.assign({
    title: { text: plain(title), standoff: 8 }, gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true,
  }, more || {});
}

function layout(x, y) {
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: colour("--ink"), size: 13 },
    margin: { l: 10, r: 10, t: 10, b: 10 }, hovermode: "closest", xaxis: x, yaxis: y,
    legend: { orientation: "h", x: 0, y: 1.02, xanchor: "left", yanchor: "bottom", font: { size: 12 } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--soft"), activecolor: colour("--accent") },
  };
}

const config = { responsive: true, displaylogo: false, displayModeBar: false };

// The exponential moving average, whose start is not drawn towards zero.
function smooth(values, weight) {
  let mean = 0, total = 0;
  return values.map((value) => {
    if (value === null) return null;
    mean = weight * mean + (1 - weight) * value;
    total = weight * total + (1 - weight);
    return mean / total;
  });
}

function curve(run, name, values, more) {
  const isValidation = name.startsWith("val_");
  return Object.assign({
    x: run.rows[control("axis").value], y: values, connectgaps: true, mode: values.length > 1 ? "lines" : "markers",
    name: plain(brief(run.is_first ? run.group : run.label) + (isValidation ? " validation" : " training")),
    legendgroup: run.group + name, text: plain(run.label), hovertemplate: "%{text}: %{y}<extra></extra>",
    line: { color: run.colour, dash: isValidation ? "solid" : "dot", width: 2 }, marker: { color: run.colour },
  }, more);
}

function drawCurves() {
  const traces = [], weight = Number(control("smoothing").value), metric = control("metric").value;
  const isNamed = (name) => data.curves.filter((run) => run.is_first).length <= MANY || name.startsWith("val_");
  const names = control("training").checked ? [metric, "val_" + metric] : ["val_" + metric];
  for (const run of data.curves) {
    const known = names.filter((name) => run.rows[name]);
    for (const name of known.length ? known : [metric].filter((each) => run.rows[each])) {
      const isShown = run.is_first && (isNamed(name) || known.length < 2);
      if (weight > 0) traces.push(curve(run, name, run.rows[name], { showlegend: false, opacity: 0.25, hoverinfo: "skip" }));
      const values = weight > 0 ? smooth(run.rows[name], weight) : run.rows[name];
      traces.push(curve(run, name, values, { showlegend: isShown }));
    }
  }
  const isEpoch = control("axis").value === "epoch";
  const isShort = Math.max(...data.curves.map((run) => run.rows.epoch[run.rows.epoch.length - 1] || 0)) < 10;
  const x = axis(isEpoch ? "epoch" : "training time (s)", isEpoch && isShort ? { dtick: 1 } : {});
  const place = control("curves"), nEntries = traces.filter((trace) => trace.showlegend).length;
  const nLines = Math.ceil(nEntries / Math.max(1, Math.floor(place.clientWidth / ENTRY.width)));
  place.style.height = Math.max(384, 310 + nLines * ENTRY.height) + "px";
  const isLog = control("log").checked, limits = isLog ? undefined : data.limits[metric];
  const y = isLog ? { type: "log" } : limits ? { range: padded(limits) } : {};
  Plotly.react("curves", traces, layout(x, axis(metric, y)), config);
  tellOutside(metric, limits);
}

function padded([low, high]) {
  return [low - 0.05 * (high - low), high + 0.05 * (high - low)];
}

// The runs with values that the axis does not show.
function tellOutside(metric, limits) {
  const isOutside = (value) => value !== null && (value < limits[0] || value > limits[1]);
  const values = (run) => [metric, "val_" + metric].flatMap((name) => run.rows[name] || []);
  const names = limits ? data.curves.filter((run) => values(run).some(isOutside)).map((run) => run.label) : [];
  control("outside").hidden = !names.length;
  const shown = names.slice(0, MANY).join(", ") + (names.length > MANY ? " and " + (names.length - MANY) + " more" : "");
  control("outside").textContent = "Some values are outside of the axis, far from all others: those of " + shown +
    ". A double click on the chart, or a log axis, shows everything.";
}

// Several lines of text for plotly.
function lines(text) {
  return plain(text).replace(/\n/g, "<br>");
}

// A name below an axis: its words on several short lines.
function broken(text) {
  const found = [""];
  for (const word of brief(text).split(" ")) {
    const longer = (found[found.length - 1] + " " + word).trim();
    if (longer.length <= SHORT || longer === word) found[found.length - 1] = longer;
    else found.push(word);
  }
  return lines(found.join("\n"));
}

function trace(each) {
  const shade = each.colour === "soft" ? colour("--soft") : each.colour;
  return {
    x: each.x, y: each.y, type: each.type || "scatter", mode: each.markers ? "lines+markers" : each.mode, name: plain(each.name),
    text: each.hover ? each.hover.map(lines) : each.text, hovertemplate: each.hover && "%{text}<extra></extra>",
    opacity: each.opacity, line: { color: shade, dash: each.dash || "solid", width: each.width || 2, shape: each.shape || "linear" },
    marker: { color: shade, size: each.size || 6, symbol: each.symbol || "circle" }, hoverinfo: each.dash ? "skip" : undefined,
    error_y: each.error && {
      type: "data", symmetric: false, array: each.error.above, arrayminus: each.error.below, color: shade, thickness: 1.5,
    },
  };
}

function side(chart, name) {
  const range = chart[name + "_range"], ticks = chart[name + "_ticks"];
  return axis(chart[name], Object.assign(
    range ? { range } : {}, chart[name + "_step"] ? { dtick: chart[name + "_step"] } : {}, chart[name + "_log"] ? { type: "log", exponentformat: "power" } : {},
    ticks ? { tickmode: "array", tickvals: ticks.at, ticktext: ticks.texts.map(broken), zeroline: false, showline: ticks.at.length > 0 } : {}));
}

function inside(each) {
  return {
    x: each.x, y: each.y, text: plain(brief(each.text)), showarrow: false, xanchor: each.x_anchor || "center", font: { size: 11 },
    bgcolor: colour("--paper"), borderpad: 1, opacity: 0.9,
  };
}

function drawChart(chart) {
  const page = layout(side(chart, "x"), side(chart, "y"));
  if (chart.is_reversed) page.legend.traceorder = "reversed";
  Plotly.react(chart.id, chart.traces.map(trace), Object.assign(page, { bargap: 0.05, annotations: (chart.texts || []).map(inside) }), config);
}

// A chart in a closed section has no size: it is drawn when the section is opened.
function drawCharts() {
  for (const chart of data.charts) {
    if (!control(chart.id).closest("details:not([open])")) drawChart(chart);
  }
}

function draw() {
  if (data.curves.length) drawCurves();
  drawCharts();
}

for (const name of ["metric", "axis", "log", "training", "smoothing"]) {
  const element = control(name);
  if (element) element.addEventListener("input", drawCurves);
}
control("theme").addEventListener("click", () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  draw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
for (const each of document.querySelectorAll("details")) each.addEventListener("toggle", drawCharts);
draw();

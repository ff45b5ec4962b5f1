"use strict";
const facts = JSON.parse(document.getElementById("facts").textContent);
const find = (id) => document.getElementById(id);
const MOST_BARS = 10;

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const plain = (value) => (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6 ? String(+value.toFixed(3)) : String(+value.toPrecision(3)));

function rangeOf(column) {
  if (column.minimum == null || column.maximum == null) return "";
  return column.kind === "date" ? `${column.minimum} to ${column.maximum}` : `${plain(column.minimum)} to ${plain(column.maximum)}`;
}

function control(column, typical) {
  if (column.kind === "boolean") {
    const options = [["", "unknown"], ["true", "yes"], ["false", "no"]];
    const select = make("select", {}, ...options.map(([value, text]) => make("option", { value, textContent: text })));
    select.value = String(typical ?? "");
    return [select];
  }
  const input = make("input", { value: typical ?? "", autocomplete: "off" });
  if (column.kind === "number") Object.assign(input, { type: "number", step: "any" });
  if (column.kind === "date") input.type = "date";
  if (column.kind !== "category") return [input];
  const list = make("datalist", { id: `list-${column.name}` }, ...column.categories.slice(0, 500).map((value) => make("option", { value })));
  input.setAttribute("list", list.id);
  return [input, list];
}

function valueOf(column, text) {
  if (text === "") return null;
  if (column.kind === "number") return Number(text);
  return column.kind === "boolean" ? text === "true" : text;
}

function tableForm() {
  const inputs = facts.inputs.columns.map((column) => {
    const elements = control(column, facts.example?.[0][column.name]);
    const hint = make("span", { className: "note", textContent: rangeOf(column) });
    find("fields").append(make("label", {}, column.name, " ", hint, ...elements));
    return elements[0];
  });
  return () => JSON.stringify([Object.fromEntries(facts.inputs.columns.map((column, n) => [column.name, valueOf(column, inputs[n].value)]))]);
}

function arrayForm() {
  const text = facts.example ? JSON.stringify(facts.example[0]) : "";
  const area = make("textarea", { value: text, spellcheck: false });
  find("fields").append(make("label", { className: "wide" }, `One row as JSON, of the shape ${facts.inputs.shape.join(" × ")}`, area));
  return () => `[${area.value}]`;
}

function imageForm() {
  const input = make("input", { type: "file", accept: "image/*" });
  const shown = make("img", { alt: "the chosen image", hidden: true });
  const drop = make("label", { className: "drop wide" }, "Drop an image here, or choose a file.", input, shown);
  let file = null;
  const choose = (chosen) => {
    if (!chosen) return;
    file = chosen;
    shown.src = URL.createObjectURL(chosen);
    shown.hidden = false;
    submit();
  };
  input.addEventListener("change", () => choose(input.files[0]));
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragenter" || name === "dragover");
      if (name === "drop") choose(event.dataTransfer.files[0]);
    });
  }
  find("fields").append(drop);
  return () => {
    if (!file) throw new Error("Choose an image first.");
    const form = new FormData();
    form.append("file", file);
    return form;
  };
}

function showAnswer(answer) {
  const row = answer.predictions[0];
  const predictions = Object.entries(row).filter(([name]) => name.startsWith("prediction"));
  const list = make("dl", {}, ...predictions.flatMap(([name, value]) => [
    make("dt", { textContent: name.replace(/^prediction_/, "") }),
    make("dd", { textContent: typeof value === "number" ? plain(value) : String(value) }),
  ]));
  const all = Object.entries(row).filter(([name, value]) => name.startsWith("p_") && value != null);
  const bars = all.sort((a, b) => b[1] - a[1]).slice(0, MOST_BARS).map(([name, value]) => {
    const fill = make("div", { className: "fill" });
    fill.style.width = `${100 * value}%`;
    const percent = `${(100 * value).toFixed(1)} %`;
    return make("div", { className: "bar" }, make("span", { textContent: name.slice(2) }), make("div", { className: "track" }, fill), make("span", { textContent: percent }));
  });
  const rest = all.length > MOST_BARS ? [`${all.length - MOST_BARS} more are less likely.`] : [];
  const notes = [...rest, ...answer.notes].map((text) => make("p", { className: "note", textContent: text }));
  find("answer").replaceChildren(list, ...bars, ...notes);
}

async function submit(event) {
  event?.preventDefault();
  find("error").hidden = true;
  try {
    const body = bodyOf();
    const headers = typeof body === "string" ? { "content-type": "application/json" } : {};
    const response = await fetch("/predict", { method: "POST", body, headers });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    showAnswer(answer);
    find("answer").hidden = false;
  } catch (error) {
    find("answer").hidden = true;
    find("error").textContent = error instanceof TypeError ? "The server does not answer. Is it still running?" : error.message;
    find("error").hidden = false;
  }
}

const FORMS = { table: tableForm, array: arrayForm, image: imageForm };
const bodyOf = FORMS[facts.inputs.kind]();
const measured = Object.entries(facts.metrics.test).filter(([, value]) => value != null).map(([name, value]) => `${name} ${plain(value)}`);
find("description").textContent = [facts.description, facts.run, measured.length ? `on test data: ${measured.join(", ")}` : ""].filter(Boolean).join(" · ");
find("form").addEventListener("submit", submit);

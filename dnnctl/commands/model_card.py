"""The model card of an export: what goes in, what comes out, how good it is, and how to call it. It is Markdown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from dnnctl.commands.conversion import BATCH, Outcome
from dnnctl.commands.export_formats import Format
from dnnctl.commands.named_outputs import PROBABILITIES
from dnnctl.commands.predictor import describe_target, named_target
from dnnctl.specs.reading.yaml_writer import write_yaml
from dnnctl.store.encoding import MISSING, ColumnEncoding, TableEncoding
from dnnctl.store.facts import ExportFacts, TargetFacts
from dnnctl.store.json_object import read_object
from dnnctl.store.record import RunRecord
from dnnctl.text import format_count, format_number, visible

ROLES = ("test", "validation")
KINDS = {
    "number": "number",
    "boolean": "boolean: 0 or 1",
    "date": "date: days since 1970-01-01",
    "category": "text",
}
MAX_CATEGORIES = 20


def write_card(run: RunRecord, chosen: Format, facts: ExportFacts, outcome: Outcome, folder: Path) -> str:
    """The text of the card.

    Args:
        folder: where the export is now.
    """
    from dnnctl.compare.scores import threshold

    limit = threshold(run)
    target, columns = _target(run, outcome), _columns(run) if outcome.example else ()
    quantized = f", quantized to {facts.quantize}" if facts.quantize else ""
    epoch = f", epoch {run.summary.best_epoch}" if run.summary and facts.weights == "best" else ""
    usage = (folder / "predict.py").read_text(encoding="utf-8")
    description = visible(str(run.spec.get("description") or ""))
    sections = [
        f"# {visible(run.name)}: {chosen.title}{quantized}",
        *([description] if description else []),
        f"Run {code(run.id)}, {facts.weights} weights{epoch}, written by dnnctl.",
        "## Use",
        f"In this folder, with {code(facts.runtime)}:",
        fenced(call_code(facts.format, target, outcome, limit), "python"),
        f"{code('predict.py')} loads the model. The check below ran this file.",
        fenced(usage, "python"),
        "## Inputs",
        *_inputs(run, columns, outcome),
        "## Outputs",
        *_outputs(target, outcome, limit),
        "## Results",
        *_results(run, facts, outcome),
        "## Check",
        *describe_check(facts, chosen),
        "## Data",
        *_data(run),
        "## Spec",
        fenced(write_yaml(without_folders(run.spec)), "yaml"),
    ]
    return "\n\n".join(sections) + "\n"


def call_code(format: str, target: TargetFacts, outcome: Outcome, limit: float) -> str:
    """Some lines of Python that call the export.

    Args:
        limit: a single output above it means the second class, or that a row has a label.
    """
    if format == "weights":
        return "from predict import weights\n\nprint({name: values.shape for name, values in weights.items()})"
    if outcome.example:
        rows = [f"    {name!r}: [{value!r}]," for name, value in outcome.example.items()]
        lines = ["from predict import predict", "", "rows = {  # your rows: for each column its values", *rows, "}"]
    else:
        shape = ", ".join(map(str, (1, *outcome.shape)))
        made = f"rows = np.zeros(({shape}), np.{outcome.dtype})  # your rows"
        lines = ["import numpy as np", "from predict import predict", "", made]
    lines.append("answers = predict(rows)")
    return "\n".join([*lines, *_decision(target, outcome, limit)])


def _decision(target: TargetFacts, outcome: Outcome, limit: float) -> list[str]:
    """The lines of Python that print the names of the answers."""
    names = f"names = {list(target.names)!r}"
    if target.task == "numbers":
        return ["print(answers)"]
    if target.task == "labels":
        return [names, f"print([[name for name, value in zip(names, row) if value > {limit}] for row in answers])"]
    if outcome.n_outputs == 1:
        return [names, f"print([names[int(value > {limit})] for value in answers[:, 0]])"]
    return [names, "print([names[number] for number in answers.argmax(axis=1)])"]


def _inputs(run: RunRecord, columns: tuple[ColumnEncoding, ...], outcome: Outcome) -> list[str]:
    if columns:
        rows = [[code(how.name), KINDS.get(how.kind, how.kind), _values(how)] for how in columns]
        text = "A dict with the values of each column, (N,). None is a missing value, in every column."
        return [text, table(["column", "type", "values in training"], rows)]
    shape = ", ".join(["N", *map(str, outcome.shape)])
    text = f"An array ({shape}) of {outcome.dtype}. Scaling is part of the model."
    if outcome.dtype == "uint8":
        return [f"{text} Pixels are from 0 to 255."]
    limits = run.facts.input_range
    return [f"{text} In training, values were from {limits[0]:g} to {limits[1]:g}." if limits else text]


def _values(how: ColumnEncoding) -> str:
    if how.kind == "category":
        shown = ", ".join(code(each) if each != MISSING else "missing" for each in how.categories[:MAX_CATEGORIES])
        more = len(how.categories) - MAX_CATEGORIES
        return f"{shown}, and {more} more" if more > 0 else shown
    return "" if how.minimum is None else f"{how.minimum:g} to {how.maximum:g}"


def _outputs(target: TargetFacts, outcome: Outcome, limit: float) -> list[str]:
    is_probability = outcome.activation in PROBABILITIES
    what = "probability" if is_probability else "score"
    lines = [f"An array (N, {outcome.n_outputs}) of float32."]
    if target.task == "numbers":
        return [*lines, f"Predicted numbers, in the unit of the targets{_listed(target.names)}."]
    if target.task == "classes" and outcome.n_outputs == 1:
        rule = f"The {what} of the class {code(target.names[1])}. Above {limit} it is the decision,"
        return [*lines, f"{rule} otherwise {code(target.names[0])}."]
    rule = (
        f"The {what} of each class; the largest one is the decision."
        if target.task == "classes"
        else f"The {what} of each label; a row has the label if it is above {limit}."
    )
    noun = "class" if target.task == "classes" else "label"
    return [*lines, rule, table(["column", noun], [[str(n), code(name)] for n, name in enumerate(target.names)])]


def _listed(names: tuple[str, ...]) -> str:
    return f": {', '.join(map(code, names))}" if names else ""


def _results(run: RunRecord, facts: ExportFacts, outcome: Outcome) -> list[str]:
    """The metrics of the run with intervals, and those of a quantized export."""
    rows = _with_intervals(run) if facts.weights == "best" else _of_last(run)
    lines = [table(["split", "metric", "value", "95 % interval"], rows)] if rows else ["Not recorded by the run."]
    if outcome.precision != "float32":
        lines.append(f"The run computed in {outcome.precision}; the export computes in float32.")
    if facts.quantize:
        names = [name for name in facts.before if name in facts.after]
        changes = [[name, format_number(facts.before[name]), format_number(facts.after[name])] for name in names]
        lines += ["On validation rows, before and after quantization:", table(["metric", "before", "after"], changes)]
    return lines


def _with_intervals(run: RunRecord) -> list[list[str]]:
    from dnnctl.compare.quality import assess
    from dnnctl.compare.scores import NoPredictions, read_predictions

    rows = []
    for role in ROLES:
        found = read_predictions(run, role)
        if isinstance(found, NoPredictions):
            continue
        for name, each in assess(found).metrics.items():
            interval = f"{format_number(each.low)} to {format_number(each.high)}"
            rows.append([role, name, format_number(each.value), interval])
    return rows


def _of_last(run: RunRecord) -> list[list[str]]:
    last = run.summary.last if run.summary else None
    found = {"test": last.test, "validation": last.validation} if last else {}
    return [[role, name, format_number(each), ""] for role in ROLES for name, each in (found.get(role) or {}).items()]


def describe_check(facts: ExportFacts, chosen: Format) -> list[str]:
    """How the export was compared, and the result."""
    if facts.format == "weights":
        return [f"Every value is equal to that of the network, read with NumPy only ({code(facts.runtime)})."]
    without = ", ".join(chosen.without)
    others = "" if facts.quantize else ", and rows of zeros and of extreme values"
    how = (
        f"{format_count(facts.n_rows, 'row')} of the run's data{others}, one at a time, in batches of 7 and "
        f"of {BATCH}, in a process with {code(facts.runtime)} and without {without}."
    )
    decisions = "" if facts.changed is None else f" {format_count(facts.changed, 'decision')} changed."
    limit = "" if facts.limit is None else f"; up to {facts.limit:.2g} is accepted"
    result = (
        f"The largest difference from the network of the run is {facts.difference:.2g}, in relation to the scale of "
        f"the answers {facts.relative:.2g}{limit}.{decisions}"
    )
    return [how, result]


def _data(run: RunRecord) -> list[str]:
    source = run.spec.get("data", {}).get("source", {})
    kind = source.get("kind", "unknown") if isinstance(source, dict) else str(source)
    digest = run.facts.data.digest if run.facts.data else "unknown"
    path = without_folders(source).get("path") if isinstance(source, dict) else None
    name = f" {code(path)}" if path else ""
    return [f"Source {code(kind)}{name}, SHA-256 of all examples:", fenced(digest, "")]


def without_folders(value: Any) -> Any:
    """A spec with the names of files in place of their absolute paths, which only tell where it was made."""
    if isinstance(value, dict):
        return {key: without_folders(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [without_folders(entry) for entry in value]
    is_path = isinstance(value, str) and Path(value).is_absolute() and Path(value).name
    return Path(value).name if is_path else value


def _target(run: RunRecord, outcome: Outcome) -> TargetFacts:
    """What is predicted, with a name for every output."""
    target = named_target(run, describe_target(run))
    if target.task == "numbers":
        return target
    n = max(2, outcome.n_outputs) if target.task == "classes" else outcome.n_outputs
    return TargetFacts(target.task, tuple(target.names[i] if i < len(target.names) else str(i) for i in range(n)))


def _columns(run: RunRecord) -> tuple[ColumnEncoding, ...]:
    encoding, _ = read_object(run.folder.encoding, TableEncoding)
    return encoding.columns if encoding is not None else ()


def code(text: Any) -> str:
    """A text from a spec or a file as a code span that nothing in it can end."""
    shown = visible(str(text)).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    ticks = "`" * (longest + 1)
    return f"{ticks} {shown} {ticks}" if longest or not shown.strip() else f"{ticks}{shown}{ticks}"


def fenced(text: str, language: str) -> str:
    """A block of code that nothing in it can end."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text.strip()}\n{fence}"


def table(header: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

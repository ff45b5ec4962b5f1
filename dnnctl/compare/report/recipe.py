"""The recipe of runs: what they were trained with, in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from itertools import groupby
from typing import Any

from dnnctl.compare.group import Group
from dnnctl.store.columns import spec_value
from dnnctl.store.difference import in_words
from dnnctl.store.record import RunRecord

HIDDEN = ("kind", "none", "auto", None)
QUIET = ("learning_rate", "epsilon", "beta_1", "beta_2", "amsgrad", "rho", "ema_overwrite_frequency")
"""Keys of an optimizer that have their own row, or that few people change."""
PLAIN = ("activation", "initializer")
"""Keys of the defaults whose values need no name."""
MAX_COLUMNS = 3
"""With more groups, each group is a row."""
ABSENT = "—"


def describe_recipes(groups: Sequence[Group]) -> str:
    """The recipe of each group as a table; values that differ between groups are marked."""
    recipes = [{name: tell(group.first) for name, tell in ROWS.items()} for group in groups]
    names = [name for name in ROWS if any(recipe[name] != ABSENT for recipe in recipes)]
    differing = {name for name in names if len({recipe[name] for recipe in recipes}) > 1}
    cells = [[_cell(recipe[name], is_marked=name in differing) for name in names] for recipe in recipes]
    labels = [group.label for group in groups]
    if len(groups) <= MAX_COLUMNS:
        return _table(labels if len(labels) > 1 else [], names, [list(column) for column in zip(*cells, strict=True)])
    return _table(names, labels, cells)


def _table(header: Sequence[str], first: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(row)}</tr>' for name, row in zip(first, rows, strict=True)
    )
    header_row = f"<thead><tr><td></td>{head}</tr></thead>" if header else ""
    return f'<div class="scroll"><table class="recipe">{header_row}<tbody>{body}</tbody></table></div>'


def _cell(text: str, *, is_marked: bool) -> str:
    mark = ' class="differs"' if is_marked else ""
    return f"<td{mark}>{escape(text)}</td>"


def _section(run: RunRecord, *path: str) -> Any:
    """A part of a run's spec, whatever is there; None if it is missing."""
    value: Any = run.spec
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _in_brief(section: Any, *, without: Sequence[str] = ()) -> str:
    """A choice of a spec: its kind and the keys that have a value."""
    if not isinstance(section, dict):
        return ABSENT if section in HIDDEN else in_words(section)
    shown = {key: value for key, value in section.items() if key not in without and _is_told(key, value)}
    keys = ", ".join(f"{key} {in_words(value)}" for key, value in shown.items())
    kind = str(section.get("kind", ""))
    return f"{kind} ({keys})" if keys and kind else keys or kind or ABSENT


def _is_told(key: str, value: Any) -> bool:
    return key != "kind" and value is not False and not (isinstance(value, str) and value in HIDDEN) and value != 0


def _optimizer(run: RunRecord) -> str:
    return _in_brief(_section(run, "optimizer"), without=QUIET)


def _rate(run: RunRecord) -> str:
    found = [rate.max_rate for rate in run.facts.rate_finder.values()]
    if found:
        return f"up to {', '.join(f'{rate:.3g}' for rate in found)} (found by a range test)"
    schedule = _section(run, "schedule")
    highest = schedule.get("max_rate") if isinstance(schedule, dict) else None
    rate = _section(run, "optimizer", "learning_rate")
    return f"up to {in_words(highest)}" if highest is not None else in_words(rate)


def _schedule(run: RunRecord) -> str:
    schedule = _section(run, "schedule")
    return "constant" if schedule in HIDDEN else _in_brief(schedule, without=("max_rate",))


def _epochs(run: RunRecord) -> str:
    planned = _section(run, "training", "epochs")
    stopping = _section(run, "training", "early_stopping")
    patience = f", patience {stopping.get('patience')}" if isinstance(stopping, dict) else ""
    n_phases = _section(run, "training", "phases")
    phases = f" in {len(n_phases)} phases" if isinstance(n_phases, list) else ""
    return f"{in_words(planned)}{phases}{patience}"


def _loss(run: RunRecord) -> str:
    recorded = run.summary.scaled_loss if run.summary else None
    return recorded or _in_brief(_section(run, "loss"))


def _network(run: RunRecord) -> str:
    """The layers of the spec in order, equal ones counted; containers by their kind."""
    layers = _section(run, "model", "layers")
    texts = [_layer(layer) for layer in layers] if isinstance(layers, list) else []
    counted = [(text, len(list(same))) for text, same in groupby(texts)]
    return " → ".join(f"{text} × {n}" if n > 1 else text for text, n in counted) or ABSENT


def _layer(layer: Any) -> str:
    if not isinstance(layer, dict):
        return str(layer)
    size = next((layer[key] for key in ("units", "filters", "rate", "size") if layer.get(key) is not None), "")
    inner = layer.get("layers")
    inside = f" ({', '.join(map(_layer, inner))})" if isinstance(inner, list) else ""
    repeat = layer.get("repeat")
    times = f" × {repeat}" if isinstance(repeat, int) and repeat > 1 else ""
    return f"{layer.get('kind', '?')} {in_words(size) if size != '' else ''}".strip() + inside + times


def _defaults(run: RunRecord) -> str:
    """What the layers have in common: activation, initializer, regularization."""
    defaults = _section(run, "model", "defaults")
    if not isinstance(defaults, dict):
        return ABSENT
    found = {key: _in_brief(value) for key, value in defaults.items() if key != "use_bias"}
    named = [(key, text) for key, text in found.items() if text != ABSENT]
    return ", ".join(text if key in PLAIN or text.startswith(key) else f"{key} {text}" for key, text in named) or ABSENT


def _data(run: RunRecord) -> str:
    source = spec_value(run.spec, "data.source")
    place = _section(run, "data", "source", "path")
    name = place.replace("\\", "/").rstrip("/").rpartition("/")[2] if isinstance(place, str) else ""
    scaling = spec_value(run.spec, "data.scaling")
    scaled = f", scaling {in_words(scaling)}" if scaling not in HIDDEN else ""
    return f"{name or in_words(source)}{scaled}"


ROWS: dict[str, Callable[[RunRecord], str]] = {
    "optimizer": _optimizer,
    "learning rate": _rate,
    "schedule": _schedule,
    "batch size": lambda run: in_words(_section(run, "training", "batch_size")),
    "epochs": _epochs,
    "loss": _loss,
    "network": _network,
    "layers have": _defaults,
    "parameters": lambda run: ABSENT if run.facts.parameters is None else f"{run.facts.parameters:,}",
    "data": _data,
}
"""The rows of the table, each with the function that describes it for a run."""

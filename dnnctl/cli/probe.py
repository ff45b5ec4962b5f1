"""`dnnctl probe`: signals and gradients, layer by layer, with a verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.heat_strip import LEGEND, draw_strips
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, Overrides, RunsDir
from dnnctl.cli.printing import print_drawing, print_json, print_text
from dnnctl.cli.table import print_table, terminal_width, wrap_text
from dnnctl.errors import UserError
from dnnctl.store.files import finite_only
from dnnctl.text import format_count, visible

if TYPE_CHECKING:
    from dnnctl.commands.probe import Probed, Remedy
    from dnnctl.store.layer_statistics import LayerStatistics, Measurement

MAX_LAYERS = 16
"""Of deeper networks, the first and the last layers are printed in the table."""
PAGE = Path("probe.html")
MAX_REMEDIES = 4
MIN_RANGE = 3
"""Fewer neighbours are listed."""


def probe_command(
    what: Annotated[
        str, typer.Argument(metavar="SPEC|RUN", help="A spec, or a run's id, id prefix, name or folder, or `last`.")
    ],
    overrides: Overrides = None,
    steps: Annotated[
        int, typer.Option("--steps", min=0, max=100_000, help="The number of steps that are trained and thrown away.")
    ] = 100,
    weights: Annotated[
        str, typer.Option("--weights", metavar="best|last", help="Of a run: the weights of the best or the last epoch.")
    ] = "best",
    as_html: Annotated[
        bool, typer.Option("--html", help="Also write the result as a page to --output, by default probe.html.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write a page to this file; with --json, the JSON.", show_default=False),
    ] = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Find out whether signals and gradients pass through a network: activations and gradients of each layer.

    The layers are measured on training examples, before the first step and after some steps that are thrown away. The
    verdict is healthy, vanishing, exploding, dead or saturated, with the layers to blame and what to change in the
    spec. No run is created or changed.
    """
    with failures_reported(as_json=as_json):
        found = _probe(what, overrides or [], steps, weights, runs_dir, is_quiet=as_json)
        page = output if output is not None and not as_json else PAGE if as_html else None
        if as_json and output is not None:
            _write(output, json.dumps(as_object(found), indent=2) + "\n")
        elif as_json:
            print_json(as_object(found), indent=2)
        else:
            print_probed(found)
        if page is not None:
            from dnnctl.compare.report.probe_page import build_probe_page

            _write(page, build_probe_page(f"Probe of {found.name}", _opening(found), found.measurements))
            if not as_json:
                print_text(f"page: {page}")


def _probe(
    what: str, overrides: list[str], steps: int, weights: str, runs_dir: Path | None, *, is_quiet: bool
) -> Probed:
    from dnnctl.commands.probe import is_spec, probe
    from dnnctl.specs import load
    from dnnctl.store.catalog import load_run
    from dnnctl.store.purpose import Wanted

    if weights not in ("best", "last"):
        raise UserError(f"--weights {weights}: allowed are best and last.")
    announce = None if is_quiet else _announce
    if is_spec(what):
        return probe(load(what, overrides), steps=steps, runs_dir=runs_dir, announce=announce)
    if overrides:
        raise UserError("--set: it changes a spec. A run is probed as it was trained.")
    run = load_run(what, runs_dir, Wanted.MODEL, print_notice)
    return probe(run, steps=steps, weights=weights, announce=announce)  # type: ignore[arg-type]


def _announce(n_examples: int, batch_size: int, n_steps: int) -> None:
    examples = f"{format_count(n_examples, 'training example')} in batches of {batch_size}"
    print_text(f"probe: {examples}, {format_count(n_steps, 'step')} that {'is' if n_steps == 1 else 'are'} thrown away")


def print_probed(found: Probed) -> None:
    """Print the verdict, what to change, a strip for each measurement, and the numbers."""
    for text in _opening(found):
        print_text(wrap_text(text, terminal_width(), indent=2))
    for measurement in found.measurements:
        print_text()
        print_text(_title(measurement))
        print_drawing(draw_strips(measurement))
    print_text()
    print_text(wrap_text(LEGEND, terminal_width()), dim=True)
    for measurement in found.measurements:
        print_text()
        _print_layers(measurement)


def _opening(found: Probed) -> list[str]:
    """The verdict, why, and what to change, each a line."""
    diagnosis = found.diagnosis
    where = f" in {in_brief(diagnosis.layers, found.measurements[0].layers)}" if diagnosis.layers else ""
    lines = [f"verdict: {diagnosis.verdict}{where}"]
    if diagnosis.reason:
        lines.append(f"reason:  {diagnosis.reason}")
    lines += [f"note:    {note}" for note in found.notes]
    for number, remedy in enumerate(found.remedies[:MAX_REMEDIES]):
        lines += _remedy(remedy, "fix:     " if number == 0 else "or:      ")
    return lines


def _remedy(remedy: Remedy, word: str) -> list[str]:
    if not remedy.yaml:
        place = f" ({remedy.places[0]})" if remedy.places and remedy.places[0] else ""
        return [f"{word}{remedy.reason}{place}"]
    places = [f"  ({place})" if place else "" for place in remedy.places]
    words = [word, *[" " * len(word)] * len(remedy.yaml)]
    return [*map("".join, zip(words, remedy.yaml, places, strict=False)), f"{words[-1]}because {remedy.reason}"]


def in_brief(names: Sequence[str], layers: Sequence[LayerStatistics]) -> str:
    """Names of layers, neighbours as `dense_1 to dense_9`."""
    order = [each.layer for each in layers]
    parts: list[list[str]] = []
    for name in names:
        is_next = parts and name in order[1:] and order[order.index(name) - 1] == parts[-1][-1]
        if is_next:
            parts[-1].append(name)
        else:
            parts.append([name])
    shown = [", ".join(part) if len(part) < MIN_RANGE else f"{part[0]} to {part[-1]}" for part in parts]
    return ", ".join(shown)


def _title(found: Measurement) -> str:
    loss = "" if found.loss is None else f", loss {found.loss:.4g}"
    ratio = f", first to last gradient {found.gradient_ratio:.2g}"
    when = f"after {format_count(found.step, 'step')}" if found.step else "before the first step"
    return f"{when}: {found.verdict}{loss}{ratio}"


def _print_layers(found: Measurement) -> None:
    layers = list(found.layers)
    rows = [_row(each) for each in layers]
    if len(rows) > MAX_LAYERS:
        rows = [*rows[: MAX_LAYERS // 2], ["…"] + [""] * 7, *rows[-MAX_LAYERS // 2 :]]
    header = [f"step {found.step}", "activation", "mean", "std", "dead", "saturated", "gradient", "update"]
    print_table(header, rows, right=header[2:])


def _row(each: LayerStatistics) -> list[str]:
    numbers = [f"{each.mean:.3g}", f"{each.deviation:.3g}", f"{each.dead:.0%}", f"{each.saturated:.0%}"]
    return [visible(each.layer), each.activation, *numbers, f"{each.gradient:.2g}", f"{each.update:.1g}"]


def as_object(found: Probed) -> dict[str, Any]:
    """The result as plain values; infinite and NaN numbers are None."""
    value: dict[str, Any] = finite_only(
        {
            "name": found.name,
            "verdict": found.diagnosis.verdict,
            "layers_to_blame": list(found.diagnosis.layers),
            "reason": found.diagnosis.reason,
            "diverged_at": found.diverged_at,
            "examples": found.n_examples,
            "batch_size": found.batch_size,
            "learning_rate": found.learning_rate,
            "notes": list(found.notes),
            "fixes": [
                {
                    "write": list(each.yaml),
                    "places": [str(p) if p else None for p in each.places],
                    "reason": each.reason,
                }
                for each in found.remedies
            ],
            "measurements": [_measurement(each) for each in found.measurements],
        }
    )
    return value


def _measurement(found: Measurement) -> dict[str, Any]:
    return {
        "step": found.step,
        "loss": found.loss,
        "verdict": found.verdict,
        "layers_to_blame": list(found.blamed),
        "reason": found.reason,
        "gradient_ratio": found.gradient_ratio,
        "layers": [vars(each) for each in found.layers],
    }


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror or error}.") from None

"""`dnnctl plan`: what training of a spec will take."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, Overrides, RunsDir
from dnnctl.cli.printing import print_drawing, print_json, print_text
from dnnctl.cli.table import print_table, terminal_width, wrap_text
from dnnctl.events.event import BudgetSettled, Event, ignore
from dnnctl.events.wording import Wording
from dnnctl.text import format_bytes, format_count, format_seconds

if TYPE_CHECKING:
    from dnnctl.runner.forecast import Forecast


def plan_command(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="The spec to plan.")],
    overrides: Overrides = None,
    no_timing: Annotated[bool, typer.Option("--no-timing", help="Do not run steps to measure their time.")] = False,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Print what training will take: layers, steps, learning rates, memory, disk space and time. Writes nothing.

    The time is that of a few steps, which are thrown away.
    """
    with failures_reported(as_json=as_json):
        from dnnctl.commands.plan import plan
        from dnnctl.specs import load

        report = ignore if as_json else _print_budget
        found = plan(load(spec, overrides or []), runs_dir=runs_dir, is_timed=not no_timing, report=report)
        if as_json:
            print_json({**asdict(found), "n_steps": found.n_steps, "seconds": found.seconds}, indent=2)
        else:
            print_plan(found)


def _print_budget(event: Event) -> None:
    """Print how many epochs fit into a budget."""
    if isinstance(event, BudgetSettled):
        print_text(wrap_text(f"{Wording().lines(event)[0]}\n", terminal_width()))


def print_plan(found: Forecast) -> None:
    """Print a forecast as tables, a curve and sentences."""
    _print_layers(found)
    _print_rates(found)
    print_text()
    epochs, steps = format_count(found.epochs, "epoch"), format_count(found.steps_per_epoch, "step")
    memory = ", ".join(f"{what.removeprefix('the ')} {format_bytes(n)}" for what, n in found.memory.items())
    facts = {
        "steps": f"{epochs} of {steps} each, {found.n_steps:,} in total",
        "memory": f"at least {format_bytes(sum(found.memory.values()))}, without TensorFlow itself: {memory}",
        "disk": f"up to {format_bytes(found.disk)} for checkpoints and models",
    }
    if found.times is not None and found.seconds is not None:
        facts["time"] = f"about {format_seconds(found.seconds)}: {_describe_times(found)}"
    for name, text in facts.items():
        print_text(f"{name + ':':<8} {wrap_text(text, terminal_width(), indent=9)}")
    for gap in found.gaps:
        print_text(wrap_text(gap, terminal_width()))


def _print_layers(found: Forecast) -> None:
    rows = [
        [each.name, each.shape, f"{each.parameters:,}", each.initializer, each.activation, f"{each.flops:,}"]
        for each in found.layers
    ]
    names = ["layer", "output", "parameters", "initializer", "activation", "FLOPs"]
    print_table(names, rows, right=["parameters", "FLOPs"])
    ratio = found.parameters / found.n_examples
    per_example = f"{ratio:.3g} for each of {format_count(found.n_examples, 'training example')}"
    total = sum(each.flops for each in found.layers)
    text = f"{found.parameters:,} parameters, {per_example}; {total:,} FLOPs for one example in the forward pass"
    print_text(f"\n{wrap_text(text, terminal_width())}")


def _print_rates(found: Forecast) -> None:
    rates = found.rates
    if min(rates) == max(rates):
        print_text(f"\nlearning rate: {rates[0]:.3g} in every step")
        return
    from dnnctl.commands.curves import draw_schedule

    print_text()
    print_drawing(draw_schedule(found.rate_steps, rates))
    print_text(
        f"\nlearning rate: {rates[0]:.3g} in the first step, {max(rates):.3g} at most, {rates[-1]:.3g} at the end"
    )


def _describe_times(found: Forecast) -> str:
    assert found.times is not None
    parts = [
        f"{format_seconds(found.times.compilation)} for the first step",
        f"{found.times.step * 1e3:.3g} ms for each other step",
    ]
    if found.times.validation:
        parts.append(f"{found.times.validation:.2g} s for each validation")
    return ", ".join(parts)

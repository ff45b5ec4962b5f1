"""`dnnctl explain`: what a key of a spec means, and where a value comes from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnnctl.cli.completion import complete_key
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, Overrides
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.table import terminal_width, wrap_text
from dnnctl.errors import UserError

if TYPE_CHECKING:
    from dnnctl.commands.explain import Topic

MAX_WIDTH = 100


def explain_command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SPEC] KEY",
            help="A key or an alternative, such as optimizer.sgd or one_cycle.",
            autocompletion=complete_key,
        ),
    ] = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Explain what a key means: its values, its default, its formula, its source and an example.

    `dnnctl explain` lists the sections. `dnnctl explain SPEC KEY` prints the value of a key in a spec and where it
    comes from: the file and line, a base, --set, `model.defaults`, or the default.
    """
    with failures_reported():
        asked = words or []
        if len(asked) > 2:
            raise UserError("explain takes a key, or a spec and a key. For example: dnnctl explain schedule.one_cycle")
        if len(asked) == 2:
            _print_value(Path(asked[0]), asked[1], overrides or [], as_json=as_json)
            return
        if asked and asked[0].endswith((".yaml", ".yml")):
            raise UserError(f"Name a key, too. For example: dnnctl explain {asked[0]} optimizer.learning_rate")
        from dnnctl.commands.explain import all_topics, choices_of, find_topics

        topics = find_topics(asked[0]) if asked else [each for each in all_topics() if len(each.path) == 1]
        if as_json:
            print_json([_as_json(topic) for topic in topics], indent=2)
        elif len(topics) == 1 or (asked and choices_of(topics[0])):
            print_topic(topics[0])
            if topics[1:]:
                print_text(f"\n  Also:  {wrap_text(', '.join(each.name for each in topics[1:]), _width(), indent=9)}")
        else:
            print_topics(topics)
            print_text("\nFor more: dnnctl explain KEY")


def _print_value(spec: Path, key: str, overrides: list[str], *, as_json: bool) -> None:
    from dnnctl.commands.explain import find_value

    found = find_value(spec, key, overrides)
    if as_json:
        print_json(asdict(found), indent=2)
        return
    where = {"written": f"written in {found.place}"}.get(found.source, found.source)
    if found.source.startswith("inherited"):
        where += f", {found.place}" if found.place else ", which has the default"
    print_text(f"{found.path}: {found.value}")
    print_text(f"  {where}")
    if found.place and found.place.text.strip():
        print_text(f"  {found.place.line:>4} | {found.place.text}")


def print_topics(topics: list[Topic]) -> None:
    """Print one line for each topic."""
    width = max(len(topic.name) for topic in topics)
    for topic in topics:
        _print_entry(topic.name, width, topic.summary)


def print_topic(topic: Topic) -> None:
    """Print everything about one topic."""
    from dnnctl.commands.explain import choices_of, example_of
    from dnnctl.specs.reading.reference import describe_section

    print_text(topic.name)
    text = topic.key.meaning if topic.key else describe_section(topic.sections[0])
    for paragraph in text.split("\n\n"):
        print_text(f"\n  {wrap_text(' '.join(paragraph.split()), _width(), indent=2)}")
    if topic.key is not None:
        _print_facts({"values": ", ".join(topic.key.values), "default": topic.key.default or "none; it is required"})
    below = choices_of(topic)
    if below:
        print_text()
        width = max(len(each.path[-1]) for each in below)
        for each in below:
            _print_entry(f"  {each.path[-1]}", width + 2, each.summary if each.key is None else _key_line(each))
    if not topic.key or not below:
        print_text(f"\n  Example:  {wrap_text(example_of(topic), _width(), indent=12)}")


def _key_line(topic: Topic) -> str:
    assert topic.key is not None
    default = "required" if topic.key.default is None else f"default {topic.key.default}"
    return f"{topic.key.meaning} ({default})"


def _print_facts(facts: dict[str, str]) -> None:
    print_text()
    for name, value in facts.items():
        print_text(f"  {name + ':':<9} {wrap_text(value, _width(), indent=12)}")


def _print_entry(name: str, width: int, text: str) -> None:
    print_text(f"{name:<{width}}  {wrap_text(text, _width(), indent=width + 2)}")


def _width() -> int:
    return min(terminal_width() or MAX_WIDTH, MAX_WIDTH)


def _as_json(topic: Topic) -> dict[str, Any]:
    from dnnctl.commands.explain import choices_of, example_of
    from dnnctl.specs.reading.reference import describe_section

    return {
        "path": topic.name,
        "meaning": topic.key.meaning if topic.key else describe_section(topic.sections[0]),
        "values": list(topic.key.values) if topic.key else [],
        "default": topic.key.default if topic.key else None,
        "is_required": bool(topic.key and topic.key.default is None),
        "below": [each.path[-1] for each in choices_of(topic)],
        "example": example_of(topic) if len(topic.path) > 1 else "",
    }

"""A step of a run as one self-contained HTML file: what it did, and its examples with pictures or values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template

from dnnctl.compare.report.markup import table
from dnnctl.store.environment import installed_version


@dataclass(frozen=True)
class Card:
    """An example of the step."""

    title: str
    lines: Sequence[str]
    pictures: Sequence[str] = ()
    """URLs of its image as it is in the data, and as the network got it."""


def build_step_page(
    title: str,
    facts: Sequence[tuple[str, str]],
    cards: Sequence[Card],
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> str:
    """The page of a step.

    Args:
        title: names the run and the step.
        facts: names and values.
        cards: the examples with pictures, in the order of the page; empty if they are not images.
        header: the columns of the table of examples.
        rows: its cells.
    """
    here = files("dnnctl.compare.report")
    pictures = f'<h2>Pictures</h2><ul class="pictures">{"".join(map(_item, cards))}</ul>' if cards else ""
    return Template((here / "step.html").read_text(encoding="utf-8")).substitute(
        title=escape(title),
        style=(here / "page.css").read_text(encoding="utf-8"),
        facts=table("", ["", ""], [list(fact) for fact in facts]),
        pictures=pictures,
        examples=table("", header, rows),
        version=str(installed_version("dnnctl")),
    )


def _item(card: Card) -> str:
    images = "".join(f'<img src="{url}" alt="{escape(card.title)}">' for url in card.pictures)
    lines = "<br>".join(escape(line) for line in (card.title, *card.lines))
    return f"<li>{images}{lines}</li>"

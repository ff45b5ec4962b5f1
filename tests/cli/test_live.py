"""The live display."""

from __future__ import annotations

import io
import re

from rich.console import Console

from dnnctl.cli.live import LiveDisplay, sparkline
from dnnctl.events.event import Downloading, ModelReady, RunEnded, RunOpened, StepsDone, Warned
from dnnctl.store.facts import Summary


def test_a_sparkline_reaches_from_the_lowest_block_to_the_highest() -> None:
    assert sparkline([0.0, 1.0, 0.5]) == "▁█▅"
    assert sparkline([2.0, 2.0]) == "▁▁"


def test_nothing_in_a_run_acts_on_the_terminal_or_styles_the_text() -> None:
    """Rich moves the cursor and hides it; everything else is printed as it is, except control characters."""
    evil = "\x1b]0;pwned\x07\x1b[5;5H\x9b31m\u202e[bold]b[/]"
    file = io.StringIO()
    with LiveDisplay(Console(file=file, force_terminal=True, color_system=None, width=300)) as display:
        display.show(RunOpened(evil, evil, evil, evil, 1))
        display.show(Warned(evil))
        display.show(Downloading(evil, 1, 2))
        display.show(ModelReady(1, 1, "mse", "CPU", "xla", evil, "float32", 2, 3))
        display.show(StepsDone("phase", 1, 1, 1, {evil: 0.5}))
        display.live.refresh()
        display.show(RunEnded(Summary(1, evil, test={evil: 0.5})))
    printed = file.getvalue()
    shown = r"\x1b]0;pwned\x07\x1b[5;5H\x9b31m\u202e[bold]b[/]"
    for text in (f"warning: {shown}", f"files: {shown}", f"test: {shown} 0.5000", f"xla ({shown})"):
        assert text in printed
    rest = re.sub(r"\x1b\[(\?25[hl]|2K|\d*A)|\r", "", printed)
    assert not {char for char in rest if not char.isprintable()} - {"\n"}

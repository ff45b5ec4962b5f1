"""The live display."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from dnnctl.cli.live import LiveDisplay, fit_epoch, sparkline
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


EPOCH = "epoch   7/100  loss 14.5239  mae 60579.4494  val_loss 12.3467  val_mae 35036.4219  rate 0.00393   1.85 s  best"


@pytest.mark.parametrize(
    ("width", "left_out"),
    [(200, []), (len(EPOCH), []), (len(EPOCH) - 1, ["rate"]), (80, ["rate", "mae"]), (60, ["rate", "mae", "loss"])],
)
def test_an_epoch_is_shown_without_what_matters_least_if_it_is_too_long(width: int, left_out: list[str]) -> None:
    assert fit_epoch(EPOCH, width).split() == [
        word
        for column in re.findall(r"\S+(?: \S+)*", EPOCH)
        if column.split()[0] not in left_out
        for word in column.split()
    ]


def test_metrics_of_training_without_validation_are_kept() -> None:
    assert fit_epoch("epoch 1/9  loss 0.5  mae 0.25  rate 0.1  1.0 s", 20) == "epoch 1/9  loss 0.5  mae 0.25  1.0 s"

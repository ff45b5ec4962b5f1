"""The functions that train, as notebooks call them: they show their progress there, unless the caller does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from importlib.util import find_spec
from typing import Any, ParamSpec, TypeVar, cast

from dnnctl.cli.display import Display, PlainDisplay
from dnnctl.commands import fork as fork_command
from dnnctl.commands import resume as resume_command
from dnnctl.commands import train as train_command

KERNEL = "ZMQInteractiveShell"
"""The shell of notebooks. Scripts and Python prompts have another one, or none: there, nothing is printed."""
Given = ParamSpec("Given")
Found = TypeVar("Found")


def shown(function: Callable[Given, Found]) -> Callable[Given, Found]:
    """The function, which in a notebook reports to a display."""

    @wraps(function)
    def show(*given: Given.args, **options: Given.kwargs) -> Found:
        if "report" in options or not is_in_notebook():
            return function(*given, **options)
        with choose_display() as display:
            return cast(Found, cast(Any, function)(*given, **options, report=display.show))

    return show


def is_in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == KERNEL


def choose_display() -> AbstractContextManager[Display]:
    """A live display, for which Rich needs ipywidgets, or else plain lines."""
    if find_spec("ipywidgets") is None:
        return PlainDisplay()
    from dnnctl.cli.live import LiveDisplay

    return LiveDisplay()


train = shown(train_command.train)
resume = shown(resume_command.resume)
fork = shown(fork_command.fork)

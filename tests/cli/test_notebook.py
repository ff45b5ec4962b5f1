"""In a notebook, what trains shows its progress; anywhere else it prints nothing."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from dnnctl.cli.notebook import shown
from dnnctl.events.event import Report, Warned, ignore


def train(name: str, *, report: Report = ignore) -> str:
    """Stands in for a function that trains."""
    report(Warned("careful"))
    return name


class ZMQInteractiveShell:
    """As IPython calls the shell of a notebook."""


class TerminalInteractiveShell:
    """As IPython calls the shell of a terminal."""


@pytest.mark.parametrize(
    ("shell", "printed"),
    [(ZMQInteractiveShell(), "warning: careful\n"), (TerminalInteractiveShell(), ""), (None, "")],
    ids=["notebook", "prompt", "script"],
)
def test_only_a_notebook_shows_progress(
    shell: object, printed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not if the caller has a report of its own."""
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr("dnnctl.cli.notebook.find_spec", lambda _: None)
    seen = []
    assert shown(train)("a") == "a"
    assert shown(train)("b", report=seen.append) == "b"
    assert (capsys.readouterr().out, len(seen)) == (printed, 1)


def test_without_ipython_nothing_is_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert shown(train)("a") == "a"
    assert capsys.readouterr().out == ""
    assert (shown(train).__name__, shown(train).__doc__) == (train.__name__, train.__doc__)

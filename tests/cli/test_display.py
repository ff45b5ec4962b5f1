"""The plain display."""

from __future__ import annotations

import pytest

from dnnctl.cli.display import PlainDisplay
from dnnctl.events.event import Downloading, ReadingFiles


def test_each_file_and_folder_that_is_read_is_named_once(capsys: pytest.CaptureFixture) -> None:
    display = PlainDisplay()
    for event in (
        Downloading("a.zip", 1, 2),
        Downloading("a.zip", 2, 2),
        ReadingFiles("photos", 1, 2),
        ReadingFiles("photos", 2, 2),
    ):
        display.show(event)
    assert capsys.readouterr().out.splitlines() == ["downloading a.zip", "reading photos …"]

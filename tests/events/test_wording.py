"""Every event has a wording."""

from __future__ import annotations

from dnnctl.events.event import Event
from dnnctl.events.wording import WORDINGS


def test_every_event_has_a_wording_and_a_unique_name() -> None:
    assert set(WORDINGS) == set(Event.__subclasses__())
    assert len({event.event for event in Event.__subclasses__()}) == len(WORDINGS)

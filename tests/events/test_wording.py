"""Every event has a wording."""

from __future__ import annotations

from dnnctl.events.event import Event
from dnnctl.events.wording import WORDINGS


def test_every_fact_can_be_told() -> None:
    assert set(WORDINGS) == set(Event.__subclasses__())
    assert len({fact.event for fact in Event.__subclasses__()}) == len(WORDINGS)

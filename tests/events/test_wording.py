"""Every event has a wording."""

from __future__ import annotations

import pytest

from dnnctl.events.event import Event, ModelReady
from dnnctl.events.wording import WORDINGS, Wording


def test_every_event_has_a_wording_and_a_unique_name() -> None:
    assert set(WORDINGS) == set(Event.__subclasses__())
    assert len({event.event for event in Event.__subclasses__()}) == len(WORDINGS)


@pytest.mark.parametrize(
    ("scaling", "ending"),
    [
        (None, ", mse"),
        ("standardize", ", mse of standardized targets"),
        ("log", ", mse of standardized logarithms of targets"),
    ],
)
def test_the_loss_is_reported_with_the_scale_of_the_targets(scaling: str | None, ending: str) -> None:
    """It is not in the unit of the targets, as the metrics are."""
    event = ModelReady(10, 10, "mse", "CPU", "graph", "set in the spec", "float32", 2, 3, target_scaling=scaling)
    assert Wording().lines(event)[0] == f"model: 10 parameters{ending}"

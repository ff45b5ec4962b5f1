"""`training.budget`: what it can be combined with, and which number of epochs it gives."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dnnctl.specs.training import Training

OPEN, SETTLED = {"minutes": 60}, {"minutes": 60, "epochs": 37}


@pytest.mark.parametrize(
    ("keys", "is_settled", "most", "epochs"),
    [
        ({}, True, None, 10),
        ({"epochs": 5}, True, 5, 5),
        ({"budget": OPEN}, False, None, 10),
        ({"budget": OPEN, "epochs": 100}, False, 100, 100),
        ({"budget": SETTLED}, True, 37, 37),
        ({"budget": SETTLED, "epochs": 37}, True, 37, 37),
    ],
)
def test_a_budget_leaves_the_number_of_epochs_open_until_it_is_written(
    keys: dict[str, Any], is_settled: bool, most: int | None, epochs: int
) -> None:
    training = Training.model_validate(keys)
    assert (training.is_settled, training.most_epochs, training.epochs) == (is_settled, most, epochs)


def test_the_chosen_number_is_written_in_both_places() -> None:
    """So that the section, read again, is the same."""
    training = Training.model_validate({"budget": OPEN, "epochs": 100}).with_epochs(37)
    assert training == Training.model_validate({"budget": SETTLED, "epochs": 37})


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ({"budget": OPEN, "phases": [{"epochs": 3}]}, "each phase has its own"),
        ({"budget": OPEN, "pretraining": "autoencoder"}, "cannot be combined with `pretraining`"),
        ({"budget": SETTLED, "epochs": 36}, "`epochs` is 36, but 37 were chosen"),
        ({"budget": {"minutes": 0}}, "greater than 0"),
    ],
)
def test_what_a_budget_cannot_settle_is_refused(keys: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        Training.model_validate(keys)

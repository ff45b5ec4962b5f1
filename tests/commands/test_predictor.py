"""What is known about the outputs of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dnnctl.commands.predictor import describe_target
from stored import store_run


def test_the_target_of_an_older_run_is_that_of_its_predictions(tmp_path: Path) -> None:
    """Its run.json does not record the target."""
    run = store_run(tmp_path, "old", right=np.arange(30) % 2 == 0, seed=1, loss="auto")
    assert run.facts.target is None
    found = describe_target(run)
    assert (found.task, found.names, found.trivial) == ("classes", ("a", "b", "c"), ())

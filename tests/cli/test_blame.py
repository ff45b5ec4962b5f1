"""`dnnctl blame`: what it prints; its numbers are tested with the commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from command_line import call
from dnnctl.commands.train import train
from sample_specs import write_spec


@pytest.mark.heavy
def test_blame_lists_steps_and_losses(tmp_path: Path) -> None:
    run = train(write_spec(tmp_path, training={"batch_size": 12, "epochs": 1}), runs_dir=tmp_path / "runs")
    done = call("blame", run.path, "--row", 5)
    assert done.exit_code == 0
    head, _, weights, checkpoint, best, _, header, seen = done.stdout.splitlines()
    assert re.match(rf"{run.id}, training example 5: label \d, the best weights predict \d \(\d+%\)", head)
    assert weights.split() == ["weights", "epoch", "loss", "predicted", "probability"]
    assert checkpoint.split()[1:] == best.split()[1:], "there is one epoch"
    assert header == "epoch  step  position  to rebuild its loss (--rebuild)"
    assert re.fullmatch(r" +1 +\d +\d+  \d steps? from the start of the run", seen)
    assert max(map(len, done.stdout.splitlines()[1:])) <= 80
    found = json.loads(call("blame", run.path, "--row", 5, "--row", 9, "--row", 5, "--json").stdout)
    assert [example["row"] for example in found["examples"]] == [5, 9]
    assert all(example["judged"][0]["loss"] > 0 for example in found["examples"])
    rebuilt = call("blame", run.path, "--row", 5, "--rebuild").stdout.splitlines()
    assert rebuilt[-2].split() == ["epoch", "step", "position", "loss", "then", "gradient", "norm"]
    done = call("blame", run.path, "--row", 96)
    assert (done.exit_code, done.stderr) == (
        2, f"error: {run.id} has no training example 96. Its rows are 0 to 95.\n",
    )  # fmt: skip

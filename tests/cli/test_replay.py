"""`dnnctl replay`: what it prints and writes; its numbers are tested with the commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from command_line import call
from dnnctl.commands.runs import Run
from dnnctl.commands.train import train
from sample_specs import small_spec, write_spec
from sample_tables import write_table

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    data = {**small_spec(folder)["data"], "augment": ["flip"], "validation": {"size": 24, "take": "first"}}
    return train(write_spec(folder, data=data, training={"batch_size": 12, "epochs": 1}), runs_dir=folder / "runs")


def test_the_text_fits_a_terminal(run: Run) -> None:
    done = call("replay", run.path, "--step", 5)
    assert done.exit_code == 0
    head, rebuilt, batch, update, blank, header, *rows = done.stdout.splitlines()
    assert head == f"{run.id}, step 5: step 5 of 8 in epoch 1"
    assert rebuilt == "rebuilt:   from the start of the run, 4 steps trained again; exact, to the bit"
    assert re.fullmatch(r"batch:     12 examples: loss [\d.]+  accuracy [\d.]+", batch)
    assert re.fullmatch(
        r"update:    learning rate 0.1, gradient norm [\d.]+ before clipping, update norm [\d.]+", update
    )
    assert (blank, header) == ("", "row  source row  label  predicted  probability    loss  gradient norm")
    assert len(rows) == 11
    assert rows[-1] == "… and 2 examples with a lower loss (--top, --html)"
    assert max(map(len, rows)) <= 80
    assert "training 4 steps again from the start of the run" in done.stderr or not done.stderr


def test_json_and_page_have_all_examples_by_loss(run: Run, tmp_path: Path) -> None:
    """The page shows each image as it is in the data and as it was augmented, and runs no script."""
    done = call("replay", run.path, "--step", 8, "--json", "--html", tmp_path / "step.html")
    found = json.loads(done.stdout)
    assert (found["epoch"], found["step_of_epoch"], found["checkpoint"], found["exact"]) == (1, 8, None, True)
    losses = [example["loss"] for example in found["examples"]]
    assert (len(losses), losses) == (12, sorted(losses, reverse=True))
    assert sorted(example["position"] for example in found["examples"]) == list(range(1, 13))
    assert found["update_norm"] ** 2 == pytest.approx(sum(norm**2 for norm in found["update_norms"].values()))
    page = (tmp_path / "step.html").read_text()
    assert re.findall(r'alt="row (\d+)"', page)[::2] == [str(example["row"]) for example in found["examples"]]
    images = re.findall(r'<img src="(data:image/png;base64,[^"]+)"', page)
    assert len(images) == 24
    assert any(raw != seen for raw, seen in zip(images[::2], images[1::2], strict=True)), "some are flipped"
    assert "<script" not in page


def test_the_page_of_a_table_has_the_values_of_its_columns(tmp_path: Path) -> None:
    source = write_table(tmp_path)
    spec = write_spec(
        tmp_path,
        data={"source": source, "validation": {"size": 24}},
        model={"layers": [{"kind": "dense", "units": 4}]},
        training={"batch_size": 48, "epochs": 1},
    )
    run = train(spec, runs_dir=tmp_path / "runs")
    assert call("replay", run.path, "--step", 1, "--html", tmp_path / "step.html").exit_code == 0
    page = (tmp_path / "step.html").read_text()
    assert '<th scope="col">size (m²)</th>' in page
    assert re.search(r"<td>\d{4}-\d{2}-\d{2}</td><td>(red|grün)", page)


def test_what_is_wrong_is_said_in_a_line(run: Run, tmp_path: Path) -> None:
    done = call("replay", run.path, "--step", 99)
    assert (done.exit_code, done.stderr) == (2, f"error: {run.id} has no step 99. Its steps are 1 to 8.\n")
    done = call("replay", run.path, "--step", 1, "--html", tmp_path)
    assert (done.exit_code, done.stderr) == (2, f"error: --html {tmp_path}: it is a folder. Name a file.\n")

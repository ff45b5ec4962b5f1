"""`dnnctl show`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from command_line import call
from dnnctl.store.facts import PrunedFacts, ReuseFacts
from dnnctl.store.files import append_json_line
from dnnctl.store.record import RunRecord
from stored import add_facts, store_run


def test_show_tells_a_run(finished: RunRecord) -> None:
    output = call("show", "net", "--runs-dir", finished.path.parent).output
    for part in (finished.id, "finished", "loss 0.5000  accuracy 0.9000", "metrics.jsonl", "0.7000", "—"):
        assert part in output
    facts = json.loads(call("show", str(finished.path), "--json").output)
    assert (facts["status"], facts["seed"], facts["metrics"][0]["loss"]) == ("finished", 3, 0.7)


def test_show_gives_the_reason_of_a_failure(run: RunRecord) -> None:
    append_json_line(run.folder.history, {"event": "ended", "end": "failed", "reason": "no data"})
    assert "failed: no data" in call("show", "--runs-dir", run.path.parent).output


def test_an_unknown_run_is_an_error_of_the_user(run: RunRecord) -> None:
    done = call("show", "nett", "--runs-dir", run.path.parent)
    assert done.exit_code == 2
    assert "Did you mean net?" in done.stderr


def test_what_a_run_was_made_from_is_told(runs: list[RunRecord], tmp_path: Path) -> None:
    """Reused layers, pretraining, weights set to zero: by show, compare and report."""
    good, bad = runs
    add_facts(good, reuse=ReuseFacts("/e/model.keras", "0", "elder", ("dense_1",)))
    for part, epoch, loss in (("dense_1", 1, 0.5), ("dense_1", 2, 0.4), ("dense_2", 1, 0.7)):
        append_json_line(good.folder.pretraining, {"epoch": epoch, "step": 1, "seconds": 1, "part": part, "loss": loss})
    add_facts(bad, pruned=PrunedFacts(good.id, 0.1, 0.8))
    shown = call("show", "good").output
    assert re.search(r"^reuses +dense_1 of elder$", shown, re.MULTILINE)
    assert re.search(r"^pretraining dense_1 +loss 0\.4000 after 2 epochs$", shown, re.MULTILINE)
    assert f"{good.id}: 80.0% of the kernel weights are zero" in call("show", "bad").output
    assert f"b is {good.id} with 80% of its kernel weights set to zero." in call("compare", "good", "bad").output
    assert call("report", "good", "bad", "-o", tmp_path / "r.html").exit_code == 0
    page = (tmp_path / "r.html").read_text()
    assert "Started with the weights of dense_1 from elder." in page
    assert f"Pruned from {good.id}: 80.0% of the kernel weights are zero." in page


def test_links_out_of_the_store_are_not_followed(runs: list[RunRecord], tmp_path: Path) -> None:
    elsewhere = store_run(tmp_path / "elsewhere", "secret")
    link = runs[0].path.parent / elsewhere.id
    link.symlink_to(elsewhere.path)
    assert call("show", "secret").exit_code == 2
    assert "is a link" in call("show", link).stderr


@pytest.mark.parametrize(
    ("rates", "shown"),
    [([0.1, 0.05, 0.025], ["0.1", "0.05", "0.025"]), ([0.1, 5e-6, 0.0], ["1.00e-01", "5.00e-06", "0.00e+00"])],
)
def test_learning_rates_have_one_notation(rates: list[float], shown: list[str], tmp_path: Path) -> None:
    run = store_run(tmp_path)
    rows = [{**row, "learning_rate": rate} for row, rate in zip(run.rows, rates, strict=True)]
    run.folder.metrics.write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = call("show", run.path).output.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("epoch "))
    assert [line.split()[3] for line in lines[start + 1 : start + 4]] == shown


def test_what_was_altered_or_deleted_since_training_is_marked(tmp_path: Path) -> None:
    run = store_run(tmp_path, right=np.arange(10) > 3)
    assert "(since training)" not in call("show", run.id, "--runs-dir", tmp_path).output
    run.folder.metrics.write_text(run.folder.metrics.read_text().replace("0.6", "0.9"))
    run.folder.predictions.unlink()
    output = call("show", run.id, "--runs-dir", tmp_path).output
    assert re.search(r"^altered +metrics\.jsonl \(since training\)$", output, re.MULTILINE)
    assert re.search(r"^deleted +predictions\.npz \(since training\)$", output, re.MULTILINE)
    found = json.loads(call("show", run.id, "--runs-dir", tmp_path, "--json").stdout)["altered"]
    assert found == {"metrics.jsonl": "altered since training", "predictions.npz": "deleted since training"}


def test_a_narrow_terminal_shows_losses_and_the_first_metric(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = store_run(tmp_path)
    rows = [{**row, **{f"metric_{n}": 0.5 for n in range(6)}} for row in run.rows]
    run.folder.metrics.write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setattr("dnnctl.cli.table.terminal_width", lambda *_: 80)
    lines = call("show", run.path).stdout.splitlines()
    (head,) = (line for line in lines if line.startswith("epoch "))
    assert head.split() == ["epoch", "step", "seconds", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert "not shown at this width: metric_0, metric_1," in " ".join(lines)

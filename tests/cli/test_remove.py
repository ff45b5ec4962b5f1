"""`dnnctl remove`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from command_line import call
from dnnctl.store.catalog import list_runs
from dnnctl.store.json_object import plain
from dnnctl.store.lock import hold
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter
from stored import store_run


def test_removed_runs_come_back_until_the_trash_is_emptied(runs: list[RunRecord]) -> None:
    good, bad = runs
    assert "would remove" in call("remove", "bad", "--dry-run").output
    assert bad.path.is_dir()
    assert call("remove", "bad", "--yes").exit_code == 0
    assert [run.id for run in list_runs(good.path.parent)] == [good.id]
    assert call("remove", "--restore", "bad").exit_code == 0
    assert bad.path.is_dir()
    call("remove", "bad", "--yes")
    assert f"deleted {bad.id}" in call("remove", "--purge", "--yes").output
    assert not list(good.path.parent.rglob(bad.id))
    assert "nothing to restore" in call("remove", "--restore").output


def test_the_best_are_kept(runs: list[RunRecord]) -> None:
    store_run(runs[0].path.parent, "best", epochs=9)
    bad = {**plain(runs[1].summary), "loss": "sparse_categorical_crossentropy"}
    runs[1].folder.summary.write_text(json.dumps(bad))
    assert call("remove", "--keep-best", "1", "--yes").exit_code == 0
    assert [run.name for run in list_runs(runs[0].path.parent)] == ["best"]


def test_a_run_that_is_being_trained_is_not_removed(runs: list[RunRecord]) -> None:
    good = runs[0]
    good.folder.summary.unlink()
    with hold(good.folder.lock):
        done = call("remove", "good", "bad", "--yes")
    assert (done.exit_code, "being trained" in done.stderr) == (2, True)
    assert all(run.path.is_dir() for run in runs)


def test_a_best_value_that_is_no_number_is_not_ranked(tmp_path: Path) -> None:
    """A run whose best metric is text is kept, as one without a metric is."""
    runs = [store_run(tmp_path, name) for name in "abc"]
    for run, value in ((runs[0], "x"), (runs[1], 0.5), (runs[2], 0.25)):
        assert run.summary is not None
        with RunWriter.open(run) as writer:
            writer.write_summary(replace(run.summary, best={**run.summary.best, "val_loss": value}))
    done = call("remove", "--keep-best", "1", "--dry-run", "--runs-dir", tmp_path)
    assert (done.exit_code, done.stdout) == (0, f"would remove {runs[1].id}\n"), done.output


def test_runs_on_different_data_are_not_ranked(tmp_path: Path) -> None:
    """Nothing is removed, even if their splits have the same row numbers."""
    for name, data in (("a", "one"), ("b", "two")):
        store_run(tmp_path, name, data=data)
    first, second = list_runs(tmp_path)
    assert first.facts.data is not None
    assert second.facts.data is not None
    assert first.facts.data.split == second.facts.data.split
    done = call("remove", "--keep-best", "1", "--yes", "--runs-dir", tmp_path)
    assert (done.exit_code, "different data or validation examples" in done.stderr) == (2, True)
    assert len(list_runs(tmp_path)) == 2

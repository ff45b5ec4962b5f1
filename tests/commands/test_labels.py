"""Labels on a run's disk: they change nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.commands.labels import note, rename, tag
from dnnctl.errors import UserError
from dnnctl.store.catalog import find_run, namesakes
from dnnctl.store.lock import hold
from dnnctl.store.record import RunRecord
from stored import store_run


def contents(run: RunRecord) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.path.iterdir() if path.name not in ("labels.json", ".lock")}


def test_labels_are_read_again_and_no_other_file_changes(tmp_path: Path) -> None:
    run = store_run(tmp_path)
    before = contents(run)
    assert tag(run, ["+good", "+old"]).labels.tags == ("good", "old")
    note(run, "for the paper\n")
    rename(run, "better")
    tag(run, ["-old"])
    found = RunRecord(run.folder)
    assert (found.name, found.labels.tags, found.labels.note) == ("better", ("good",), "for the paper")
    assert contents(run) == before
    assert (found.altered, found.damages) == ({}, [])


def test_a_renamed_run_is_found_by_its_new_name_only(tmp_path: Path) -> None:
    run, other = store_run(tmp_path, "net"), store_run(tmp_path, "other", seed=2)
    rename(run, "other")
    assert {each.id for each in namesakes(other)} == {run.id, other.id}
    assert find_run(run.id, tmp_path).name == "other"
    with pytest.raises(UserError, match="No run 'net'"):
        find_run("net", tmp_path)
    rename(run, "net")
    assert find_run("net", tmp_path).id == run.id
    assert RunRecord(run.folder).labels.name is None


@pytest.mark.parametrize("name", ["", "a b", "last", "../up", "x" * 65, "-x", "20261124-145044-cancer-a96e"])
def test_what_cannot_be_the_name_of_a_run_is_refused(name: str, tmp_path: Path) -> None:
    run = store_run(tmp_path)
    with pytest.raises(UserError):
        rename(run, name)
    assert not run.folder.labels.exists()


def test_only_the_holder_of_the_lock_may_change_labels(tmp_path: Path) -> None:
    run = store_run(tmp_path)
    with hold(run.folder.lock), pytest.raises(UserError, match="is being trained"):
        tag(run, ["+good"])
    assert not run.folder.labels.exists()


def test_damaged_labels_are_not_replaced(tmp_path: Path) -> None:
    run = tag(store_run(tmp_path), ["+good"])
    run.folder.labels.write_text('{"tags": 5, "note": "precious"}')
    with pytest.raises(UserError, match=r"labels\.json: tags must be a list"):
        note(run, "new")
    assert "precious" in run.folder.labels.read_text()

"""Whatever a run's folder holds, the light commands name what is damaged, show the rest and exit with 0 or 2."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pytest

from attack.damage import JUNK, mutate_json
from command_line import call
from dnnctl.store.catalog import list_runs
from dnnctl.store.record import RunRecord
from dnnctl.store.trash import trash_of
from stored import complete, store_run
from stored_trials import store_trial

N_MUTATIONS = 50
COMMANDS: list[list[str]] = [
    ["list"],
    [
        "list",
        "--json",
        "--columns",
        "+seed,+device,+val_accuracy,+test_accuracy,+parent,+optimizer.kind,+note",
    ],
    ["list", "--sort", "best_epoch", "--filter", "epochs >= 0", "--disk"],
    ["show", "bad"],
    ["show", "bad", "--json"],
    ["compare", "good", "bad"],
    ["compare", "good", "bad", "--json"],
    ["remove", "bad", "--dry-run"],
]
JSON_FILES = ("run.json", "summary.json", "metrics.jsonl", "history.jsonl", "pretraining.jsonl")
OTHERS = ("labels.json", "predictions.npz", "spec.yaml", "model.keras", ".lock")


@pytest.fixture
def bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunRecord:
    """A run with everything that a run can have, next to a sound one."""
    monkeypatch.setenv("DNNCTL_RUNS_DIR", str(tmp_path))
    right = np.arange(40) % 10
    good, run = store_run(tmp_path, "good", right=right < 9), store_run(tmp_path, "bad", right=right < 5, seed=2)
    return complete(run, good)


def check_commands(what: str) -> None:
    for command in COMMANDS:
        done = call(*command)
        assert done.exception is None or isinstance(done.exception, SystemExit), (what, command, done.exception)
        assert done.exit_code in (0, 2), (what, command)
        assert "\x1b[31m" not in done.stdout.replace("\\u001b", ""), (what, command)


@pytest.mark.parametrize("name", [*JSON_FILES, *OTHERS])
def test_any_bytes_in_a_file_end_in_words(name: str, bad: RunRecord) -> None:
    for content in (b"", *JUNK):
        (bad.path / name).write_bytes(content)
        check_commands(f"{name} = {content[:20]!r}")


@pytest.mark.parametrize("name", JSON_FILES)
def test_any_value_in_a_file_ends_in_words(name: str, bad: RunRecord) -> None:
    draw = random.Random(f"damaged {name}")
    path = bad.path / name
    sound = path.read_text()
    for _ in range(N_MUTATIONS // len(JSON_FILES)):
        path.write_text(sound)
        check_commands(mutate_json(path, draw))


@pytest.mark.parametrize(("name", "content"), [("run.json", "{"), ("summary.json", "[]"), ("metrics.jsonl", "{\n{}\n")])
def test_the_damaged_file_is_named_and_the_rest_is_shown(name: str, content: str, bad: RunRecord) -> None:
    (bad.path / name).write_text(content)
    for command in (["show", bad.id], ["compare", "good", bad.id]):
        done = call(*command)
        assert (done.exit_code, name in done.output, bad.id in done.output) == (0, True, True), done.output
    assert bad.id in call("list").output


@pytest.mark.parametrize("how", ["id", "path"])
@pytest.mark.parametrize("run_json", [None, "", "{"])
def test_a_run_without_a_readable_run_json_is_removed_and_restored(
    how: str, run_json: str | None, bad: RunRecord
) -> None:
    (bad.path / "run.json").unlink()
    if run_json is not None:
        (bad.path / "run.json").write_text(run_json)
    done = call("remove", bad.id if how == "id" else bad.path, "--yes")
    assert (done.exit_code, bad.path.exists()) == (0, False), done.output
    assert (trash_of(bad.path.parent) / bad.id).is_dir()
    assert call("remove", "--restore", bad.id).exit_code == 0
    assert bad.path.is_dir()


def test_a_folder_that_is_not_named_as_a_run_is_never_removed(bad: RunRecord, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    for reference in ("notes", tmp_path / "notes", tmp_path, "..", "."):
        assert call("remove", reference, "--yes").exit_code == 2
    assert (tmp_path / "notes").is_dir()
    assert len(list_runs(tmp_path)) == 2
    assert bad.path.is_dir()


@pytest.mark.parametrize("name", JSON_FILES)
def test_a_report_of_a_damaged_run_ends_in_words(name: str, bad: RunRecord, tmp_path: Path) -> None:
    draw = random.Random(f"report {name}")
    path = bad.path / name
    sound = path.read_text()
    for _ in range(4):
        path.write_text(sound)
        what = mutate_json(path, draw)
        done = call("report", "good", bad.id, "-o", tmp_path / "r.html")
        assert done.exception is None or isinstance(done.exception, SystemExit), (what, done.exception)
        assert done.exit_code in (0, 2), what


@pytest.mark.parametrize("name", ["run.json", "summary.json", "history.jsonl", "metrics.jsonl"])
def test_a_report_on_a_sweep_with_a_damaged_trial_ends_in_words(name: str, tmp_path: Path) -> None:
    draw = random.Random(f"sweep {name}")
    trials = [store_trial(tmp_path, number, [0.1, number / 20]) for number in range(1, 12)]
    path = trials[-1].run.path / name
    path.touch()
    sound = path.read_text() or '{"event": "started", "time": "2026-01-01T10:00:00+00:00"}\n'
    for _ in range(4):
        path.write_text(sound)
        what = mutate_json(path, draw)
        done = call("report", "net", "--runs-dir", tmp_path, "-o", tmp_path / "r.html")
        assert done.exception is None or isinstance(done.exception, SystemExit), (what, done.exception)
        assert done.exit_code in (0, 2), what


@pytest.mark.parametrize("name", [".lock", "log.txt", "metrics.jsonl", "checkpoints"])
def test_a_run_with_a_link_is_shown_but_not_written_to(name: str, bad: RunRecord, tmp_path: Path) -> None:
    """A run from somebody else changes no file of the user, and shows none."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "profile").write_text('{"epoch": 7777, "loss": 1}\n')
    (bad.path / name).unlink(missing_ok=True)
    (bad.path / name).symlink_to(home if name == "checkpoints" else home / "profile")
    bad.folder.summary.unlink()
    bad.folder.history.unlink()
    others = (["fork", bad.id], ["prune", bad.id, "--sparsity", "0.5"], ["evaluate", bad.id])
    for command in (["resume", bad.id], ["remove", bad.id, "--yes"], *others):
        done = call(*command)
        assert (done.exit_code, f"{name} is a symbolic link" in done.stderr) == (2, True), (command, done.output)
    for command in (["show", bad.id], ["compare", "good", bad.id]):
        done = call(*command)
        assert (done.exit_code, bool(re.search(f"{name} .*symbolic link", done.stdout))) == (0, True), done.output
        assert "7777" not in done.output
    assert [entry.name for entry in home.iterdir()] == ["profile"]
    assert (home / "profile").read_text() == '{"epoch": 7777, "loss": 1}\n'

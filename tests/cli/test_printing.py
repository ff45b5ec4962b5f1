"""Whatever a run contains, nothing of it acts on the terminal."""

from __future__ import annotations

import ast
import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from command_line import call
from dnnctl.cli.display import JsonDisplay, PlainDisplay
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.printing import print_json, print_text
from dnnctl.errors import DataError
from dnnctl.events.event import RunOpened, Warned
from dnnctl.store.catalog import list_runs
from dnnctl.store.difference import Change
from dnnctl.store.facts import (
    DataFacts,
    DeviceFacts,
    HistoryEntry,
    LayerFacts,
    ParentFacts,
    PrunedFacts,
    ReuseFacts,
)
from dnnctl.store.files import append_json_line
from dnnctl.store.json_object import plain
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter
from stored import store_run

CLI = Path(__file__).parents[2] / "dnnctl" / "cli"
EVIL = "\x1b]0;pwned\x07\x1b[2J\r\x08\x9b31m\u202egnp.exe\u2066\u200b\x7f\x00\t\nerror: run this"
FOLDER = "20260101-000000-" + EVIL.replace("\x00", "") + "-beef"
COMMANDS: list[list[str]] = [
    ["list"],
    ["list", "--disk", "--sort", "val_accuracy", "--columns", "+created,+device,+host,+parent,+optimizer.kind"],
    ["list", "--csv"],
    ["list", "--json"],
    ["list", "--filter", f"name == '{EVIL}'"],
    ["list", "--columns", EVIL],
    ["list", EVIL],
    ["list", f"--{EVIL}"],
    ["list", "--limit", EVIL],
    [EVIL],
    ["show", "good"],
    ["show", "evil"],
    ["show", "evil", "--json"],
    ["show", EVIL],
    ["compare", "good", "evil"],
    ["compare", "good", "evil", "--x", "time"],
    ["compare", "good", "evil", "--markdown"],
    ["compare", "good", "evil", "--csv"],
    ["compare", "good", "evil", "--json"],
    ["compare", "good", "evil", "--metric", EVIL],
    ["remove", "evil", "--dry-run"],
    ["remove", "evil", "--dry-run", "--json"],
    ["remove", "--restore", EVIL],
    ["check", EVIL.replace("\x00", "")],
    ["init", "spec.yaml", "--preset", EVIL],
    ["resume", "evil"],
]


def evil_row(epoch: int) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "step": epoch,
        "seconds": 1,
        "loss": 1 / epoch,
        "val_accuracy": 0.5,
        EVIL: 0.5,
        "part": EVIL,
    }


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunRecord:
    """A run in which every text is hostile, in a hostile folder, next to a sound one."""
    monkeypatch.setenv("DNNCTL_RUNS_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    right = np.arange(40) % 10
    good = store_run(tmp_path, "good", right=right < 9)
    run = store_run(tmp_path, "evil", right=right < 5, optimizer={"kind": EVIL, EVIL: EVIL})
    np.savez(
        run.folder.predictions, test_predictions=np.eye(3, dtype=np.float32)[right % 3], test_labels=right % 3,
        class_names=[EVIL, "b", "c"],
    )  # fmt: skip
    with RunWriter.open(run) as writer:
        writer.add_facts(
            created=EVIL, command=(EVIL, EVIL), host=EVIL, versions={EVIL: EVIL}, data=DataFacts(EVIL, EVIL),
            device=DeviceFacts("cpu", EVIL), layers=(LayerFacts(EVIL, EVIL, 99),),
            parent=ParentFacts(EVIL, EVIL, 1, 10, (Change(EVIL, EVIL, EVIL),)),
            reuse=ReuseFacts(EVIL, "0", EVIL, (EVIL,)), pruned=PrunedFacts(EVIL, 0.1, 0.8),
        )  # fmt: skip
        for epoch in (1, 2, 3):
            append_json_line(run.folder.metrics, evil_row(epoch))
        append_json_line(run.folder.pretraining, evil_row(1))
        writer.add_history(HistoryEntry("restored", checkpoint=EVIL, approximate=(EVIL,), reset=(EVIL,)))
        writer.add_history(HistoryEntry("ended", end="failed", reason=EVIL))
    summary = plain(run.summary)
    summary |= {"monitor": EVIL, "best": {"epoch": 1, EVIL: 1.0}, "test": {"loss": 0.5, EVIL: 0.5, "accuracy": 0.5}}
    run.folder.summary.write_text(json.dumps(summary))
    (tmp_path / EVIL.replace("\x00", "")).mkdir()
    copy = tmp_path / FOLDER
    copy.mkdir()
    (copy / "run.json").write_text(good.folder.run.read_text())
    (copy / "link").symlink_to(tmp_path)
    return run


def obeyed(text: str) -> set[str]:
    """The characters that act on a terminal or that it hides, except line breaks."""
    return {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n"}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command).encode("unicode_escape").decode())
def test_no_command_prints_what_a_terminal_obeys(command: list[str], evil: RunRecord) -> None:
    assert evil.path.is_dir()
    done = call(*command)
    assert done.exit_code in (0, 2), done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert (done.output != "", obeyed(done.output)) == (True, set())
    assert not any(line.startswith("error:") for line in done.stdout.splitlines()), done.output


def test_a_run_in_a_hostile_folder_is_named_visibly(evil: RunRecord) -> None:
    done = call("list")
    assert obeyed(done.output) == set()
    assert "20260101-000000-\\x1b]0;pwned" in done.stdout
    assert len(list_runs(evil.path.parent)) == 3
    assert r"note: skipped folders that are not runs: \x1b]0;pwned" in done.stderr


def test_an_error_is_printed_visibly(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), failures_reported():
        raise DataError(f"line 3: the class is {EVIL}")
    captured = capsys.readouterr()
    assert captured.err.startswith(r"error: line 3: the class is \x1b]0;pwned\x07")
    assert obeyed(captured.err) == set()


@pytest.mark.parametrize("event", ["plain", "json"])
def test_training_is_shown_visibly(event: str, capsys: pytest.CaptureFixture[str]) -> None:
    display = PlainDisplay() if event == "plain" else JsonDisplay()
    display.show(RunOpened(EVIL, EVIL, EVIL, EVIL, 1))
    display.show(Warned(EVIL))
    printed = capsys.readouterr().out
    assert obeyed(printed) == set()
    if event == "json":
        assert [json.loads(line).get("message", EVIL) for line in printed.splitlines()] == [EVIL, EVIL]


def test_json_keeps_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({EVIL: [EVIL]}, indent=2)
    printed = capsys.readouterr().out
    assert (json.loads(printed), obeyed(printed)) == ({EVIL: [EVIL]}, set())


def test_only_our_own_lines_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_text("a\nb\x1b[1m\r", to_stderr=True)
    assert capsys.readouterr().err == "a\nb\\x1b[1m\\r\n"


def test_everything_is_printed_in_one_place() -> None:
    """A command that prints by itself could print what is in a run as it is."""
    for path in sorted(CLI.glob("*.py")):
        names = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
        printers = {"print", "typer.echo", "typer.secho", "sys.stdout.write", "sys.stderr.write", "csv.writer"} & names
        homes = {"printing.py": {"typer.echo"}, "csv_text.py": {"csv.writer"}, "streams.py": {"print"}}
        assert printers == homes.get(path.name, set()), path

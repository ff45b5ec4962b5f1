"""`dnnctl train` in a process of its own: on a terminal, in a pipe, from a program."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import forked
from command_line import call
from dnnctl.commands.train import create_run
from dnnctl.specs import load
from dnnctl.store.catalog import keep_silent, list_runs
from dnnctl.store.checkpoint import list_checkpoints
from dnnctl.store.facts import HistoryEntry, Summary
from dnnctl.store.json_object import plain
from dnnctl.store.record import RunRecord, Status
from dnnctl.store.writer import RunWriter
from forked import Forked
from sample_specs import write_spec

pytestmark = pytest.mark.heavy

DNNCTL = [sys.executable, "-m", "dnnctl"]


def dnnctl(*arguments: Any) -> subprocess.CompletedProcess[str]:
    return forked.run(forked.dnnctl, *arguments)


def test_in_a_pipe_each_epoch_is_a_plain_line(tmp_path: Path) -> None:
    done = dnnctl("train", write_spec(tmp_path), "--runs-dir", tmp_path / "runs", "--name", "piped")
    (run,) = list_runs(tmp_path / "runs")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == f"run {run.id}"
    assert run.name == "piped"
    epochs = [index for index, line in enumerate(lines) if re.match(r"epoch \d/3  loss \d\.\d{4}  accuracy", line)]
    assert epochs == list(range(epochs[0], epochs[0] + 3))
    assert f"next:  dnnctl show {run.path}" in lines
    assert set(lines) - {line.removeprefix("# ") for line in run.folder.log.read_text().splitlines()} <= {
        "loading TensorFlow …",
        "compiling the first step …",
        *lines[-2:],
    }


def test_with_json_every_line_is_an_object(tmp_path: Path) -> None:
    done = dnnctl("train", write_spec(tmp_path), "--json", "--runs-dir", tmp_path / "runs")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    (run,) = list_runs(tmp_path / "runs")
    assert [event["event"] for event in events if event["event"] != "steps_done"] == [
        "run_opened", "data_ready", "model_ready", "epoch_ended", "epoch_ended", "epoch_ended", "run_ended",
    ]  # fmt: skip
    assert [event["row"] for event in events if event["event"] == "epoch_ended"] == run.rows
    assert run.summary is not None
    assert {key: value for key, value in events[-1]["summary"].items() if value is not None} == plain(run.summary)
    assert done.stderr == ""


def test_training_continues_when_the_reader_leaves(tmp_path: Path) -> None:
    spec = write_spec(tmp_path, training={"epochs": 20})
    process = Forked(forked.dnnctl, "train", spec, "--runs-dir", tmp_path / "runs")
    process.stdout.readline()
    process.stdout.close()
    _, errors = process.communicate()
    (run,) = list_runs(tmp_path / "runs")
    assert (process.wait(), errors, run.status, run.epochs) == (0, "", Status.FINISHED, 20)


def test_quiet_prints_only_the_run(tmp_path: Path) -> None:
    done = dnnctl("train", write_spec(tmp_path), "--quiet", "--runs-dir", tmp_path / "runs")
    assert done.stdout.split() == [run.id for run in list_runs(tmp_path / "runs")]


def test_a_dry_run_builds_everything_and_writes_nothing(tmp_path: Path) -> None:
    done = dnnctl(
        "train", write_spec(tmp_path), "--dry-run", "--set", "training.epochs=7", "--runs-dir", tmp_path / "runs"
    )
    assert done.returncode == 0
    assert "epochs: 7" in done.stdout
    assert "training: 7 epochs of 6 steps" in done.stdout
    assert not (tmp_path / "runs").exists()


def test_a_cache_that_others_can_write_to_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path / "cache"))
    command = [*DNNCTL, "train", str(write_spec(tmp_path)), "--dry-run"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0
    assert f"warning: The cache of compiled programs is not used, because {tmp_path}/cache can be" in done.stdout


def test_seeds_train_one_run_each_and_print_the_mean(tmp_path: Path) -> None:
    done = dnnctl("train", write_spec(tmp_path), "--seeds", "2", "--runs-dir", tmp_path / "runs")
    runs = list_runs(tmp_path / "runs")
    assert done.returncode == 0
    assert [run.facts.seed for run in runs] == [42, 43]
    losses = [run.summary.test["loss"] for run in runs]
    mean_line = next(line for line in done.stdout.splitlines() if line.split()[:1] == ["mean"])
    assert f"{sum(losses) / 2:.4f}" in mean_line.split()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--set", "optimizer.learning_rat=1"], 2, "Did you mean `learning_rate`"),
        (["--set", "model.layers.1={kind: max_pool}"], 2, "max_pool needs images"),
        (["--set", "data.source.path=nowhere.npz"], 2, "no such file"),
        (["--set", "optimizer.learning_rate=1e30", "--set", "model.defaults.activation=linear", "--set", "loss=mse",
          "--set", "model.output={activation: linear}"], 3, "step"),
    ],
    ids=["spec", "layer", "data", "diverged"],
)  # fmt: skip
def test_failures_have_an_exit_code_and_no_traceback(
    tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    done = dnnctl("train", write_spec(tmp_path), "--runs-dir", tmp_path / "runs", *arguments)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    as_json = dnnctl("train", write_spec(tmp_path), "--json", "--runs-dir", tmp_path / "runs", *arguments)
    last = json.loads(as_json.stdout.splitlines()[-1])
    assert (last["event"], last["exit_code"]) == ("error", code)


def read_terminal(command: list[str]) -> str:
    """The output of a command on a terminal of 100 columns."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update({"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"})
        os.execv(command[0], command)
    shown = b""
    while True:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    os.waitpid(pid, 0)
    os.close(terminal)
    return shown.decode(errors="replace")


def test_on_a_terminal_progress_is_live(tmp_path: Path) -> None:
    shown = read_terminal([*DNNCTL, "train", str(write_spec(tmp_path)), "--runs-dir", str(tmp_path / "runs")])
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    (run,) = list_runs(tmp_path / "runs")
    assert run.status is Status.FINISHED
    assert "\x1b[" in shown
    assert text.index(f"run {run.id}") < text.index("loading TensorFlow") < text.index("epoch 1/3  loss")
    assert "steps/s" in text
    assert "InitializeLog" not in text
    assert "InitializeLog" in run.folder.log.read_text(), "what TensorFlow writes goes to the log"


def stop_after_an_epoch(number: int, *arguments: str) -> tuple[int, str]:
    """Train until the first epoch is printed, send a signal and wait; return the exit code and standard error."""
    process = Forked(forked.dnnctl, "train", *arguments)
    for line in process.stdout:
        if line.startswith("epoch "):
            break
    process.send_signal(number)
    _, errors = process.communicate()
    return process.wait(), errors


@pytest.mark.parametrize(
    ("number", "code", "options"),
    [
        (signal.SIGINT, 130, []),
        (signal.SIGINT, 130, ["--seeds", "3"]),
        (signal.SIGTERM, 143, []),
        (signal.SIGTERM, 143, ["--seeds", "3"]),
        (signal.SIGHUP, 129, []),
        (signal.SIGUSR2, 140, ["--seeds", "3"]),
    ],
)
def test_a_signal_leaves_a_checkpoint_and_prints_the_command_to_continue(
    tmp_path: Path, number: int, code: int, options: list[str]
) -> None:
    """The run is interrupted, its state is saved; with several seeds, the others do not start."""
    spec = write_spec(tmp_path, training={"epochs": 100_000})
    found, errors = stop_after_an_epoch(number, str(spec), "--runs-dir", str(tmp_path / "runs"), *options)
    (run,) = list_runs(tmp_path / "runs")
    assert found == code
    assert f"dnnctl resume {run.path}" in errors
    assert run.status is Status.INTERRUPTED
    assert run.folder.model.is_file()
    newest = list_checkpoints(run.folder.checkpoints)[-1]
    assert newest.damage() is None
    assert newest.epoch == run.epochs


def test_a_killed_run_is_lost_and_a_live_run_is_running(tmp_path: Path) -> None:
    spec = write_spec(tmp_path, training={"epochs": 100_000})
    process = Forked(forked.dnnctl, "train", spec, "--quiet", "--runs-dir", tmp_path / "runs")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not [run for run in list_runs(tmp_path / "runs") if run.rows]:
        time.sleep(0.1)
    (run,) = list_runs(tmp_path / "runs")
    assert run.status is Status.RUNNING
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.wait() == -signal.SIGKILL
    (run,) = list_runs(tmp_path / "runs")
    assert run.status is Status.LOST
    assert run.rows


@pytest.mark.parametrize(("end", "code"), [("finished", 0), ("diverged", 3), ("running", 2)])
def test_or_resume_leaves_a_run_that_is_over_or_busy(end: str, code: int, tmp_path: Path) -> None:
    """The exit code says what a job script needs to know; nothing is trained, and no other run is made."""
    spec, runs = write_spec(tmp_path), tmp_path / "runs"
    with RunWriter.open(RunRecord.at(create_run(load(spec), runs, keep_silent))) as writer:
        run = writer.folder.id
        if end == "finished":
            writer.write_summary(Summary(epochs=3, monitor="val_loss"))
        if end == "diverged":
            writer.add_history(HistoryEntry("ended", end=end))
        if end == "running":
            done = call("train", spec, "--or-resume", "--runs-dir", runs)
    if end != "running":
        done = call("train", spec, "--or-resume", "--runs-dir", runs)
    words = {"finished": "is complete", "diverged": "has diverged", "running": f"trained by pid {os.getpid()} on host"}
    assert done.exit_code == code
    assert run in done.output
    assert words[end] in " ".join(done.output.split())
    assert len(list_runs(runs)) == 1
    if end == "finished":
        quiet, as_json = (call("train", spec, "--or-resume", "--runs-dir", runs, way) for way in ("--quiet", "--json"))
        assert quiet.stdout == f"{run}\n"
        assert json.loads(as_json.stdout) == {"event": "nothing_to_resume", "run": run, "status": "finished"}

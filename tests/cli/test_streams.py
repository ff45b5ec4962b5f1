"""Standard streams that are closed, full, or cannot print every character."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def run_in_shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell; `dnnctl` is this one."""
    line = command.replace("dnnctl", f"{sys.executable} -m dnnctl", 1)
    return subprocess.run(["bash", "-c", line], capture_output=True, check=False, text=True)


@pytest.mark.parametrize("command", ["list", "show good", "list --csv", "--version"])
@pytest.mark.usefixtures("runs")
def test_a_closed_stream_is_dev_null(command: str) -> None:
    done = run_in_shell(f"dnnctl {command} <&- >&-")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["list", "show good", "list --csv", "--help"])
@pytest.mark.usefixtures("runs")
def test_a_full_output_is_a_clear_error(command: str) -> None:
    done = run_in_shell(f"dnnctl {command} >/dev/full")
    assert (done.returncode, done.stderr) == (
        2,
        "error: Cannot write to standard output: No space left on device.\n",
    )


@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full", ">&- 2>&-", ">/dev/full 2>/dev/full"])
def test_the_exit_code_does_not_depend_on_standard_error(stream: str, tmp_path: Path) -> None:
    assert run_in_shell(f"dnnctl check {tmp_path}/nowhere.yaml {stream}").returncode == 2


@pytest.mark.parametrize("command", ["schema", "--help", "list --csv"])
def test_a_closed_pipe_ends_a_command_quietly(command: str) -> None:
    """Nobody reads the pipe any more. 141 is what a shell reports for SIGPIPE."""
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "dnnctl", *command.split()]
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_file_never_gets_what_is_meant_for_a_closed_stream(tmp_path: Path) -> None:
    """The next file that is opened would otherwise get the descriptor of the stream."""
    code = """
import os, sys
from dnnctl.cli.streams import streams_prepared
with streams_prepared(), open(sys.argv[1], "w") as file:
    os.write(1, b"printed")
    os.write(2, b"from C++")
    file.write("contents")
"""
    for closed in ("<&- >&- 2>&-", ">&-", "2>&-"):
        path = tmp_path / "file.txt"
        subprocess.run(["bash", "-c", f'{sys.executable} -c "$0" {path} {closed}', code], check=True)
        assert path.read_text() == "contents"


def test_json_stays_valid_on_a_terminal_without_a_character() -> None:
    code = """
from dnnctl.cli.streams import streams_prepared
from dnnctl.cli.display import say
from dnnctl.store.files import to_json_line
with streams_prepared():
    say(to_json_line({"text": "é … 😀 \\udcff"}))
"""
    environment = {"PYTHONIOENCODING": "iso8859-5", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    assert json.loads(done.stdout.decode("iso8859-5"))["text"] == "é … 😀 \udcff"

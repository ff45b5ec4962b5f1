"""Children end with their parent, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PARENT = """
import subprocess, sys, time
from dnnctl.commands.parent import tied_to_this_process
children = [subprocess.Popen([sys.executable, "-c", sys.argv[1]], **tied_to_this_process()) for _ in range(2)]
time.sleep(600)
"""
CHILD = """
import os, signal, sys, time
from dnnctl.commands.parent import end_with_parent

def end(number, frame):
    os.write(1, b"ended\\n")  # at once: `print` may write the line break on its own
    os._exit(0)

signal.signal(signal.SIGTERM, end)
end_with_parent()
os.write(1, b"watching\\n")
time.sleep(20)
os.write(1, b"alone\\n")
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_ends_when_its_parent_is_killed(how: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT, CHILD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        for _ in range(2):
            assert parent.stdout.readline() == "watching\n"
        parent.send_signal(how)
        assert parent.stdout.read() == "ended\n" * 2
    assert parent.returncode == -how


@pytest.mark.parametrize("given", ["", "x", "987654", "-1"])
def test_a_process_without_such_a_parent_is_left_alone(given: str) -> None:
    code = "from dnnctl.commands.parent import end_with_parent; end_with_parent(); print('alive')"
    environment = os.environ | {"DNNCTL_PARENT_PIPE": given, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "alive\n", "")

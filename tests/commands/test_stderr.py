"""Redirecting standard error to a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WRITE = """
import os, sys
from dnnctl.commands.stderr import stderr_to
with stderr_to(sys.argv[1]):
    os.write(2, b"from C\\n")
    print("from Python", file=sys.stderr)
print("after", file=sys.stderr)
"""


def test_standard_error_goes_to_the_file(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    done = subprocess.run([sys.executable, "-c", WRITE, str(log)], capture_output=True, text=True, check=True)
    assert log.read_text() == "from C\nfrom Python\n"
    assert done.stderr == "after\n"


def test_nothing_is_written_to_the_target_of_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "log.txt"
    target.write_text("untouched")
    link.symlink_to(target)
    done = subprocess.run([sys.executable, "-c", WRITE, str(link)], capture_output=True, text=True, check=False)
    assert "symbolic links are not followed" in done.stderr
    assert target.read_text() == "untouched"

"""One process for each run."""

from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dnnctl.errors import RunError
from dnnctl.store.lock import claim, describe_holder, hold, hold_sweep

HOLDER = """
import sys, time
from pathlib import Path
from dnnctl.store.lock import describe_holder, hold, hold_sweep
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_keeps_others_out_and_dies_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "run" / ".lock"
    path.parent.mkdir()
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RunError, match=f"run is being trained by pid {holder.pid} on host"), hold(path):
            pass
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    with hold(path):
        pass


@pytest.mark.parametrize("is_hard", [False, True])
def test_no_file_is_emptied_through_a_lock(is_hard: bool, tmp_path: Path) -> None:
    target, path = tmp_path / "profile", tmp_path / "run" / ".lock"
    target.write_text("untouched")
    path.parent.mkdir()
    if is_hard:
        path.hardlink_to(target)
    else:
        path.symlink_to(target)
    with pytest.raises(RunError, match=r"\.lock is a"), hold(path):
        pass
    assert target.read_text() == "untouched"
    assert describe_holder(path) == "another process"


SWEEP = """
import subprocess, sys, time
from pathlib import Path
from dnnctl.store.lock import hold_sweep
with hold_sweep(Path(sys.argv[1]), "net", print) as lock:
    worker = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=0, pass_fds=(lock,))
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_sweep_waits_for_the_workers_of_a_killed_process(tmp_path: Path) -> None:
    """They keep the lock, because they may still be saving their runs. While the process lives, nobody waits."""
    path = tmp_path / ".sweep-net.lock"
    command = [sys.executable, "-c", SWEEP, str(path)]
    heard: list[str] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        refused = pytest.raises(RunError, match=f"net is being run by pid {holder.pid}")
        with refused, hold_sweep(path, "net", heard.append):
            pass
        assert heard == []
        holder.kill()
        holder.wait()

        def end_worker(text: str) -> None:
            heard.append(text)
            holder.stdin.close()  # type: ignore[union-attr]

        with hold_sweep(path, "net", end_worker):
            pass
    assert heard == ["waiting for the workers of an earlier process to save and end …"]


def test_a_file_system_without_locks_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Lustre without `-o flock`, or NFS without a lock service."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    path = tmp_path / "run" / ".lock"
    path.parent.mkdir()
    with pytest.raises(RunError, match="has no locks"), hold(path):
        pytest.fail("two processes could train the run")


CLAIMS = """
import sys
from pathlib import Path
from dnnctl.store.lock import claim
with claim(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_claim_waits_for_the_one_before(tmp_path: Path) -> None:
    """It is released when the other process ends; it never fails in between."""
    command = [sys.executable, "-c", CLAIMS, str(tmp_path)]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    ended: list[int | None] = []
    timer = threading.Timer(0.3, other.kill)
    timer.start()
    with claim(tmp_path):
        ended.append(other.wait(timeout=20))
    timer.join()
    assert ended == [-9]
    other.stdin.close()
    other.stdout.close()

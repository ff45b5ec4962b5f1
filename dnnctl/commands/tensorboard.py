"""TensorBoard on the event files of runs, as a child process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from dnnctl.commands.parent import tied_to_this_process
from dnnctl.errors import UserError
from dnnctl.store.record import RunRecord

START = """
from dnnctl.commands.parent import end_with_parent
from tensorboard.main import run_main
end_with_parent()
run_main()
"""
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}


def show_in_tensorboard(runs: Sequence[RunRecord], directory: Path, *, port: int | None = None) -> int:
    """Start TensorBoard and wait until Ctrl-C ends it; return its exit code.

    Args:
        runs: the runs to show; empty for all of the directory, also those that are trained later.
        port: None for the first free one from 6006.

    Raises:
        UserError: TensorBoard is not installed, or there is nothing to show.
    """
    if find_spec("tensorboard") is None:
        raise UserError("TensorBoard is not installed. Install it: pip install 'dnnctl[tensorboard]'")
    if not runs:
        if not directory.is_dir():
            raise UserError(f"{directory}: no such folder. Train a run first, or choose another --runs-dir.")
        return _start(directory, port)
    lacking = [run.id for run in runs if not run.folder.tensorboard.is_dir()]
    if lacking:
        raise UserError(f"{lacking[0]} has no TensorBoard files: no epoch has finished.")
    with TemporaryDirectory(prefix="dnnctl-") as folder:
        for run in runs:
            (Path(folder) / run.id).symlink_to(run.folder.tensorboard.resolve())
        return _start(Path(folder), port)


def _start(logs: Path, port: int | None) -> int:
    command = [sys.executable, "-c", START, "--logdir", str(logs), *([] if port is None else ["--port", str(port)])]
    tied = tied_to_this_process()
    with subprocess.Popen(command, **{**tied, "env": os.environ | tied["env"] | QUIET}) as process:
        with suppress(KeyboardInterrupt):
            return process.wait()
        process.terminate()
        process.wait()
        return 0

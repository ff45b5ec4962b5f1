"""`dnnctl join` in a worker that kills itself, as `killed_worker.py` does."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dnnctl.cli.app import app
from killed_worker import kill_in

if __name__ == "__main__":
    folder, *kills = os.environ["KILLS"].split()
    for number, point, n in zip(kills[::3], kills[1::3], kills[2::3], strict=True):
        kill_in(Path(folder), number, point, n)
    app(["join", *sys.argv[1:]])

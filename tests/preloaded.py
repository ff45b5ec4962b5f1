"""What the process that forks imports first (see `forked.py`): everything that takes long. It runs nothing."""

from __future__ import annotations

import gc
import os

os.environ["DNNCTL_CACHE_DIR"] = ""  # each process compiles for itself
for _descriptor in (1, 2):  # what TensorFlow prints when it is imported belongs to nobody
    os.dup2(os.open(os.devnull, os.O_WRONLY), _descriptor)

import killed  # noqa: F401
from dnnctl.cli import app  # noqa: F401
from dnnctl.commands import evaluate, predict, prune  # noqa: F401
from dnnctl.runner import trainer  # noqa: F401

gc.collect()
gc.freeze()  # a forked process would copy all the memory that its garbage collector visits

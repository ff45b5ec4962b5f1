"""Too little address space for TensorFlow is a clear error, before TensorFlow is imported."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from dnnctl.engine.address_space import NEEDED, check_address_space
from dnnctl.errors import DeviceError
from sample_specs import write_spec


def test_a_limit_below_the_need_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = NEEDED - 1
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, resource.RLIM_INFINITY))
    with pytest.raises(DeviceError, match="TensorFlow needs at least 2 GB"):
        check_address_space()
    limit = NEEDED
    check_address_space()
    limit = resource.RLIM_INFINITY
    check_address_space()


def test_training_says_that_tensorflow_needs_more(tmp_path: Path) -> None:
    """Without the check, the loader of libtensorflow fails, or it aborts; nothing is left of the run."""
    line = f"ulimit -v 1000000; {sys.executable} -m dnnctl train {write_spec(tmp_path)} --runs-dir {tmp_path}/runs"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "TensorFlow needs at least 2 GB of memory, but this process may use only 1.0 GB" in done.stderr
    assert list((tmp_path / "runs").iterdir()) == []

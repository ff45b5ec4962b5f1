"""Starting workers, with programs that do not train."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dnnctl.commands import launch as module
from dnnctl.commands.launch import WorkerFailedError, launch

NUMBER = "import json, os, sys, time; number = json.loads(os.environ['TF_CONFIG'])['task']['index']\n"


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the workers run Python code, which knows its `number`."""
    return lambda code: monkeypatch.setattr(module, "PROGRAM", (sys.executable, "-c", NUMBER + code))


def test_each_worker_knows_its_number_and_the_same_addresses(program: Callable[[str], None], tmp_path: Path) -> None:
    program(
        "open(os.path.join(sys.argv[1], str(number)), 'w').write(str(json.loads(os.environ['TF_CONFIG'])['cluster']))"
    )
    assert launch([str(tmp_path)], 3) == 0
    clusters = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert sorted(clusters) == ["0", "1", "2"]
    assert len(set(clusters.values())) == 1


def test_the_failure_of_a_worker_is_shown(program: Callable[[str], None]) -> None:
    """The chief would wait for it; it is asked to end."""
    module_grace, module.GRACE = module.GRACE, 0.2
    try:
        program("time.sleep(60) if number == 0 else sys.exit(print('the data are missing') or 2)")
        with pytest.raises(WorkerFailedError, match=r"Worker 1 ended first, with exit code 2\.\nthe data") as failure:
            launch([], 2)
    finally:
        module.GRACE = module_grace
    assert failure.value.exit_code == 2


def test_the_exit_code_of_the_chief_is_returned(program: Callable[[str], None]) -> None:
    """Without the chief, the others are ended."""
    program("time.sleep(60 * number) or sys.exit(3)")
    assert launch([], 2) == 3


def test_a_killed_worker_is_named(program: Callable[[str], None]) -> None:
    program("number and os.kill(os.getpid(), 9); time.sleep(1); sys.exit(1)")
    with pytest.raises(WorkerFailedError, match="Worker 1 ended first, with SIGKILL"):
        launch([], 2)

"""The job script of docs/cluster.md, with programs that play the parts of `dnnctl` and `scontrol`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parent.parent / "docs" / "cluster.md"
TRAINS = """#!/bin/bash
trap 'echo saved >> log; exit 138' USR1
echo "$*" >> log
echo started
for second in $(seq 300); do sleep 0.1; done
"""
ENDS = """#!/bin/bash
echo "$*" >> log
exit {code}
"""
SCONTROL = """#!/bin/bash
echo "scontrol $*" >> log
"""


def start(folder: Path, dnnctl: str) -> subprocess.Popen[str]:
    (script,) = re.findall(r"```bash\n(#!/bin/bash.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (folder / "job.sh").write_text(script)
    for name, text in (("dnnctl", dnnctl), ("scontrol", SCONTROL)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "SLURM_JOB_ID": "77"}
    return subprocess.Popen(["bash", "job.sh"], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)


def log(folder: Path) -> list[str]:
    return (folder / "log").read_text().splitlines()


def test_the_signal_of_the_cluster_saves_the_run_and_queues_the_job_again(tmp_path: Path) -> None:
    job = start(tmp_path, TRAINS)
    assert job.stdout is not None
    assert job.stdout.readline() == "started\n"
    job.send_signal(signal.SIGUSR1)
    assert job.wait(timeout=60) == 138
    job.stdout.close()
    assert log(tmp_path) == ["train selu.yaml --or-resume --runs-dir /shared/runs", "saved", "scontrol requeue 77"]


@pytest.mark.parametrize("code", [0, 2, 3, 143])
def test_any_other_end_is_the_end_of_the_job(code: int, tmp_path: Path) -> None:
    job = start(tmp_path, ENDS.format(code=code))
    job.communicate(timeout=60)
    assert job.returncode == code
    assert len(log(tmp_path)) == 1

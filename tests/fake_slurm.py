"""SLURM on one machine: sbatch, squeue and scancel that start and end processes. The name of the file says which it is.

The environment variable FAKE_SLURM holds a folder, in which each process of a job has a file with its number.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path


def install(folder: Path) -> Path:
    """Write the three commands; returns their folder."""
    commands = folder / "bin"
    commands.mkdir()
    for name in ("sbatch", "squeue", "scancel"):
        path = commands / name
        path.write_text(f"#!{sys.executable}\n{Path(__file__).read_text()}")
        path.chmod(0o755)
    return commands


def sbatch(options: dict[str, str], script: Path, folder: Path) -> None:
    """Start the tasks of an array; they are not its children."""
    lines = [line.removeprefix("#SBATCH --") for line in script.read_text().splitlines() if line.startswith("#SBATCH")]
    name = dict(line.partition("=")[::2] for line in lines)["job-name"]
    job = 100 + len(list(folder.glob("*.job")))
    (folder / f"{job}.job").write_text("\n".join([*sys.argv, *lines]))
    first, last = map(int, options["array"].split("-"))
    for task in range(first, last + 1):
        output = options["output"].replace("%A", str(job)).replace("%a", str(task))
        variables = os.environ | {"SLURM_ARRAY_JOB_ID": str(job), "SLURM_ARRAY_TASK_ID": str(task)}
        with Path(output).open("w") as log:
            process = subprocess.Popen(
                ["bash", str(script)], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=variables,
                start_new_session=True,
            )  # fmt: skip
        (folder / f"{job}_{task}.task").write_text(f"{process.pid} {name}")
    print(job)


def alive(folder: Path, name: str) -> dict[str, int]:
    """The tasks of a job that have not ended, with their processes."""
    found = {}
    for path in folder.glob("*.task"):
        pid, its_name = path.read_text().split()
        state = Path(f"/proc/{pid}/stat")
        if its_name == name and state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z":
            found[path.stem] = int(pid)
    return found


def main() -> None:
    words = [word.removeprefix("--").partition("=") for word in sys.argv[1:] if word.startswith("--")]
    options, folder = {key: value for key, _, value in words}, Path(os.environ["FAKE_SLURM"])
    command = Path(sys.argv[0]).name
    if command == "sbatch":
        sbatch(options, Path(sys.argv[-1]), folder)
    elif command == "squeue":
        print("\n".join(alive(folder, options["name"])))
    else:
        for pid in alive(folder, options["name"]).values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


if __name__ == "__main__":
    main()

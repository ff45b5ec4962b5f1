"""The time that `dnnctl plan` expects, next to that of the training: `python -m benchmarks.plans [SPEC…]`.

Without arguments the shipped specs whose data are there. Every command is a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

CONFIGS = Path(__file__).parents[1] / "configs"
TARGET = 1.5
"""The factor between expected and measured time, in either direction."""


def main(specs: Sequence[Path] = ()) -> None:
    """Print a line for each spec: seconds expected, seconds measured, and their ratio."""
    print(f"\nSeconds that `plan` expects and training takes; the target is a factor of {TARGET} at most")
    print(f"{'':<20}{'expected':>10}{'measured':>10}{'ratio':>8}")
    for spec in specs or sorted(CONFIGS.glob("*.yaml")):
        if not has_data(spec):
            print(f"{spec.stem:<20}  its data are not on this computer")
            continue
        expected, measured = expect(spec), measure(spec)
        print(f"{spec.stem:<20}{expected:>10.1f}{measured:>10.1f}{measured / expected:>8.2f}")


def has_data(spec: Path) -> bool:
    """Whether the data of a spec can be read."""
    return _dnnctl("data", spec).returncode == 0


def expect(spec: Path) -> float:
    """The seconds that `plan` prints."""
    return float(json.loads(_checked("plan", spec, "--json"))["seconds"])


def measure(spec: Path) -> float:
    """The seconds of a training, without the time to load TensorFlow and the data."""
    with TemporaryDirectory() as folder:
        _checked("train", spec, "--quiet", "--runs-dir", folder)
        (summary,) = Path(folder).glob("*/summary.json")
        return float(json.loads(summary.read_text(encoding="utf-8"))["seconds"])


def _checked(*words: object) -> str:
    done = _dnnctl(*words)
    done.check_returncode()
    return done.stdout


def _dnnctl(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dnnctl", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    main([Path(each) for each in sys.argv[1:]])

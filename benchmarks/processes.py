"""Time to the first finished step, and peak memory: each side in a fresh process, in turn."""

from __future__ import annotations

import resource
import subprocess
import sys
from contextlib import suppress
from statistics import median

N_RUNS = 5
N_MEMORY_RUNS = 3


def main() -> None:
    """Print a line for each depth and for the memory: medians and the median of the paired ratios."""
    from benchmarks.nets import DEPTHS

    print(f"\nSeconds from the built model to the first finished step, medians of {N_RUNS} processes each")
    print(f"{'net':<24}{'model.fit':>10}{'dnnctl':>10}{'ratio':>8}")
    for name in DEPTHS:
        _compare(name, "first-step", N_RUNS, "{:>10.2f}")
    print(f"\nPeak memory of a process that trains two epochs, MB, medians of {N_MEMORY_RUNS} processes each")
    print(f"{'net':<24}{'model.fit':>10}{'dnnctl':>10}{'ratio':>8}")
    _compare("3 layers", "memory", N_MEMORY_RUNS, "{:>10.0f}")


def _compare(name: str, what: str, n_runs: int, layout: str) -> None:
    pairs = [(_measure("fit", what, name), _measure("dnnctl", what, name)) for _ in range(n_runs)]
    theirs, ours = (median(side) for side in zip(*pairs, strict=True))
    ratio = median(our / their for their, our in pairs)
    print(f"{name:<24}{layout.format(theirs)}{layout.format(ours)}{ratio:>7.2f}x", flush=True)


def _measure(side: str, what: str, name: str) -> float:
    command = [sys.executable, "-m", "benchmarks.processes", side, what, name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def _child(side: str, what: str, name: str) -> None:
    from benchmarks.clock import seconds
    from benchmarks.nets import DEPTHS, load_images
    from benchmarks.sides import SIDES

    trainer = SIDES[side](DEPTHS[name], load_images())

    def first_step() -> None:
        with suppress(StopIteration):
            trainer.run_first_step()

    if what == "first-step":
        print(seconds(first_step))
    else:
        trainer.run_epoch(), trainer.run_epoch()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    _child(*sys.argv[1:])

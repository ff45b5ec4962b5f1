"""Time to the first finished step, and peak memory: each measurement in a fresh process, sides alternating.

dnnctl keeps compiled programs between processes, so it is measured twice: without this cache, and with it.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from statistics import median

N_RUNS = 5
N_MEMORY_RUNS = 3


def main() -> None:
    """Print a line for each depth, and for memory: medians, and the median of the paired ratios."""
    from benchmarks.nets import DEPTHS

    with tempfile.TemporaryDirectory() as cache:
        _compare_all(DEPTHS, {"": "no cache", cache: "cache"})


def _compare_all(depths: Iterable[str], caches: Mapping[str, str]) -> None:
    print(f"\nSeconds from the built model to the first finished step, medians of {N_RUNS} processes per side")
    print(f"{'net':<28}{'model.fit':>10}{'dnnctl':>10}{'ratio':>8}")
    for name in depths:
        for cache, when in caches.items():
            _compare(name, "first-step", N_RUNS, "{:>10.2f}", cache, when)
    print(f"\nPeak memory in MB of a process that trains two epochs, medians of {N_MEMORY_RUNS} processes per side")
    print(f"{'net':<28}{'model.fit':>10}{'dnnctl':>10}{'ratio':>8}")
    for cache, when in caches.items():
        _compare("3 layers", "memory", N_MEMORY_RUNS, "{:>10.0f}", cache, when)


def _compare(name: str, what: str, n_runs: int, layout: str, cache: str, when: str) -> None:
    if cache:
        _measure("dnnctl", what, name, cache)
    pairs = [(_measure("fit", what, name, ""), _measure("dnnctl", what, name, cache)) for _ in range(n_runs)]
    theirs, ours = (median(side) for side in zip(*pairs, strict=True))
    ratio = median(our / their for their, our in pairs)
    print(f"{name + ', ' + when:<28}{layout.format(theirs)}{layout.format(ours)}{ratio:>7.2f}x", flush=True)


def _measure(side: str, what: str, name: str, cache: str) -> float:
    command = [sys.executable, "-m", "benchmarks.processes", side, what, name]
    environment = {**os.environ, "DNNCTL_CACHE_DIR": cache, "TF_XLA_FLAGS": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
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
    _child(*sys.argv[1:]) if len(sys.argv) > 1 else main()

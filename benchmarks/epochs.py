"""Seconds an epoch: the engine against `model.fit`, alternating in one process."""

from __future__ import annotations

from statistics import median

from benchmarks.clock import seconds
from benchmarks.nets import NETS, load_images
from benchmarks.sides import EngineSide, FitSide

N_EPOCHS = 5
TARGETS = {"300-100": 4.0, "20 x 100, batch norm": 2.5, "300-100, dropout": 3.0, "conv": 1.0}


def main() -> None:
    """Print a line for each net: both medians over the epochs and the median of their ratios."""
    part = load_images()
    print(f"\nSeconds an epoch of {len(part):,} images, batch 32, medians of {N_EPOCHS} epochs in turn")
    print(f"{'net':<24}{'model.fit':>10}{'dnnctl':>10}{'ratio':>8}{'target':>8}  compile")
    for name, spec in NETS.items():
        engine, fit = EngineSide(spec, part), FitSide(spec, part)
        engine.run_epoch(), fit.run_epoch()
        pairs = [(seconds(fit.run_epoch), seconds(engine.run_epoch)) for _ in range(N_EPOCHS)]
        theirs, ours = (median(side) for side in zip(*pairs, strict=True))
        ratio = median(their / our for their, our in pairs)
        print(f"{name:<24}{theirs:>10.2f}{ours:>10.2f}{ratio:>7.1f}x{TARGETS[name]:>7.1f}x  {engine.mode}", flush=True)


if __name__ == "__main__":
    main()

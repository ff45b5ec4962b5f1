"""Seconds per epoch: the engine against `model.fit` and tuned `model.fit`, alternating in one process."""

from __future__ import annotations

from statistics import median

from benchmarks.clock import seconds
from benchmarks.nets import N_IMAGES, NETS, load_images
from benchmarks.sides import EngineSide, FitSide, TunedFitSide

N_EPOCHS = 5
TARGETS = {
    "300-100": (4.0, 2.0),
    "20 x 100, batch norm": (2.5, 2.0),
    "300-100, dropout": (3.0, 2.0),
    "conv": (1.0, 1.0),
}
"""For each net, how many times faster than `model.fit` and than tuned `model.fit` the engine should be."""


def main(n_images: int = N_IMAGES, n_epochs: int = N_EPOCHS) -> None:
    """Print a line for each net: the median seconds of each side, and the median of the paired ratios."""
    part = load_images(n_images)
    print(f"\nSeconds per epoch of {len(part):,} images, batch size 32, medians of {n_epochs} alternating epochs")
    print(f"{'':<24}{'model.fit':>10}{'tuned fit':>10}{'dnnctl':>10}{'against fit':>22}{'against tuned fit':>22}")
    for name, spec in NETS.items():
        engine = EngineSide(spec, part)
        sides = FitSide(spec, part), TunedFitSide(spec, part), engine
        for side in sides:
            side.run_epoch()
        times = [[seconds(side.run_epoch) for side in sides] for _ in range(n_epochs)]
        medians = "".join(f"{median(of_side):>10.2f}" for of_side in zip(*times, strict=True))
        ratios = [median(epoch[opponent] / epoch[-1] for epoch in times) for opponent in (0, 1)]
        targets = (f"{ratio:.1f}x (target {target:.1f}x)" for ratio, target in zip(ratios, TARGETS[name], strict=True))
        print(f"{name:<24}{medians}{''.join(f'{text:>22}' for text in targets)}  {engine.mode}", flush=True)


if __name__ == "__main__":
    main()

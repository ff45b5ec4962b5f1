"""Trains every spec of configs/chapter11 and writes what came out beside what is recorded into docs/chapter11.md.

    python docs/reproduce.py [--seeds 3] [--only NAME] [--runs-dir runs/chapter11]

It needs the full Fashion-MNIST. A seed that has been trained before with the same spec is not trained again, so that it
can be interrupted at any time.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from dnnctl.spec import digest, load
from dnnctl.store.catalog import list_runs
from dnnctl.store.record import RunRecord

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / "configs" / "chapter11"
PAGE = ROOT / "docs" / "chapter11.md"
BEGIN, END = "<!-- reproduction -->\n", "<!-- end -->\n"
FIRST_SEED = 42


@dataclass(frozen=True)
class Recorded:
    """What the literature records of one run, on validation after the last epoch."""

    loss: float
    accuracy: float
    tolerance: float = 0.01
    """In accuracy."""


RECORDED = {
    "leaky_relu": Recorded(0.4817, 0.8396),
    "prelu": Recorded(0.4826, 0.8398),
    "selu_100": Recorded(0.4907, 0.8218, 0.03),
    "relu_100": Recorded(0.6638, 0.7380, 0.03),
    "batch_norm_after": Recorded(0.3573, 0.8750),
    "batch_norm_before": Recorded(0.3875, 0.8660),
    "power": Recorded(0.3225, 0.8924),
    "exponential_epoch": Recorded(0.5699, 0.8928),
    "piecewise": Recorded(0.5533, 0.8868),
    "performance": Recorded(0.5241, 0.8936),
    "exponential_step": Recorded(0.3164, 0.8904),
    "one_cycle": Recorded(0.3170, 0.8934),
    "l2": Recorded(0.6850, 0.8376),
    "dropout": Recorded(0.3395, 0.8722),
    "max_norm": Recorded(0.3714, 0.8662),
}


def main() -> None:
    """Train what is missing, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=RECORDED)
    parser.add_argument("--runs-dir", type=Path, default=ROOT / "runs" / "chapter11")
    options = parser.parse_args()
    rows = []
    for name in [options.only] if options.only else RECORDED:
        runs = [train(name, seed, options.runs_dir) for seed in range(FIRST_SEED, FIRST_SEED + options.seeds)]
        rows.append(row(name, runs))
        print(rows[-1], flush=True)
    if not options.only:
        write(rows, options.seeds)


def train(name: str, seed: int, runs_dir: Path) -> RunRecord:
    """The finished run of a spec and a seed."""
    path = CONFIGS / f"{name}.yaml"
    wanted = digest(load(path, [f"seed={seed}"]).spec)
    found = finished(wanted, runs_dir)
    if not found:
        command = [sys.executable, "-m", "dnnctl", "train", str(path), "--set", f"seed={seed}", "--quiet"]
        subprocess.run([*command, "--runs-dir", str(runs_dir)], check=True, stdout=subprocess.DEVNULL)
        found = finished(wanted, runs_dir)
    return found[-1]


def finished(wanted: str, runs_dir: Path) -> list[RunRecord]:
    """The complete runs of a spec."""
    return [run for run in list_runs(runs_dir) if run.facts.get("spec_digest") == wanted and run.status.is_complete]


def row(name: str, runs: list[RunRecord]) -> str:
    """A line of the table: recorded, ours, and whether ours is within the tolerance."""
    recorded = RECORDED[name]
    accuracies = [run.rows[-1]["val_accuracy"] for run in runs]
    losses = [run.rows[-1]["val_loss"] for run in runs]
    miss = mean(accuracies) - recorded.accuracy
    verdict = (
        "reproduced" if abs(miss) <= recorded.tolerance else f"{'above' if miss > 0 else 'below'} by {abs(miss):.3f}"
    )
    seconds = mean(run.summary["seconds"] for run in runs)
    cells = [
        f"[{name}](../configs/chapter11/{name}.yaml)", f"{recorded.accuracy:.4f}", spread(accuracies),
        f"{recorded.loss:.4f}", spread(losses), f"{seconds:.0f} s", verdict,
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def spread(values: list[float]) -> str:
    """The mean, and of several the standard deviation."""
    return f"{mean(values):.4f}" + (f" ± {stdev(values):.4f}" if len(values) > 1 else "")


def write(rows: list[str], n_seeds: int) -> None:
    """Put the table between its marks."""
    head = "| experiment | recorded accuracy | ours | recorded loss | ours | time | |"
    figures = f"Means ± standard deviations over {n_seeds} seeds" if n_seeds > 1 else "One seed"
    told = f"{figures}, on the 5,000 validation images after the last epoch.\n\n"
    table = told + "\n".join([head, "|---|---|---|---|---|---|---|", *rows]) + "\n"
    text = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(f"{BEGIN}.*?{END}", re.DOTALL)
    assert pattern.search(text), f"{PAGE} has no marks for the table"
    PAGE.write_text(pattern.sub(lambda _: BEGIN + table + END, text), encoding="utf-8")


if __name__ == "__main__":
    main()

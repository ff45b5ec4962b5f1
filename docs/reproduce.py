"""Trains every spec of configs/chapter11 and writes our results next to the recorded ones to docs/chapter11.md.

    python docs/reproduce.py [--seeds 3] [--table recorded|pairs] [--only NAME] [--runs-dir runs/chapter11]

It needs the full Fashion-MNIST. It can be interrupted at any time: a run that is already finished is not trained again.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from dnnctl.compare.t_tests import paired_student
from dnnctl.specs import digest, load
from dnnctl.store.catalog import list_runs
from dnnctl.store.record import RunRecord

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / "configs" / "chapter11"
PAGE = ROOT / "docs" / "chapter11.md"
END = "<!-- end -->\n"
SPECS = "../configs/chapter11"
FIRST_SEED = 42


@dataclass(frozen=True)
class Recorded:
    """The result of one run as recorded in the literature, on validation after the last epoch."""

    loss: float
    accuracy: float
    tolerance: float = 0.01
    """The largest difference in accuracy that counts as reproduced."""


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
PAIRS = {
    "transfer_b": "transfer_scratch",
    "auxiliary_hard": "auxiliary_scratch",
    "autoencoder": "few_labels",
    "gan": "few_labels",
}
"""Experiments that show the effect of a technique, and the experiment that each is compared with."""


def main() -> None:
    """Train the missing runs and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--table", choices=TABLES)
    parser.add_argument("--only", choices=[*RECORDED, *PAIRS])
    parser.add_argument("--runs-dir", type=Path, default=ROOT / "runs" / "chapter11")
    options = parser.parse_args()
    for name in [options.table] if options.table else TABLES:
        experiments, make_row, head, caption = TABLES[name]
        rows = []
        for experiment in experiments:
            if options.only in (None, experiment):
                rows.append(make_row(experiment, options.seeds, options.runs_dir))
                print(rows[-1], flush=True)
        if not options.only:
            write(name, [*head, *rows], caption.format(options.seeds))


def train_all(name: str, n_seeds: int, runs_dir: Path) -> list[RunRecord]:
    """The finished runs of a spec, one per seed."""
    return [train(name, seed, runs_dir) for seed in range(FIRST_SEED, FIRST_SEED + n_seeds)]


def train(name: str, seed: int, runs_dir: Path) -> RunRecord:
    """The finished run of a spec and a seed. A run that it reuses is trained first, with the same seed."""
    path = CONFIGS / f"{name}.yaml"
    overrides = [f"seed={seed}"]
    reuse = load(path).spec.model.reuse
    if reuse != "none":
        overrides.append(f"model.reuse.run={train(reuse.run, seed, runs_dir).id}")
    wanted = digest(load(path, overrides).spec)
    found = finished(wanted, runs_dir)
    if not found:
        settings = [part for override in overrides for part in ("--set", override)]
        command = [sys.executable, "-m", "dnnctl", "train", str(path), *settings, "--quiet"]
        subprocess.run([*command, "--runs-dir", str(runs_dir)], check=True, stdout=subprocess.DEVNULL)
        found = finished(wanted, runs_dir)
    return found[-1]


def finished(wanted: str, runs_dir: Path) -> list[RunRecord]:
    """The complete runs of a spec."""
    return [run for run in list_runs(runs_dir) if run.facts.spec_digest == wanted and run.status.is_complete]


def recorded_row(name: str, n_seeds: int, runs_dir: Path) -> str:
    """A row of the first table: the recorded result, ours, and whether ours is within the tolerance."""
    recorded, runs = RECORDED[name], train_all(name, n_seeds, runs_dir)
    accuracies = [run.rows[-1]["val_accuracy"] for run in runs]
    losses = [run.rows[-1]["val_loss"] for run in runs]
    miss = mean(accuracies) - recorded.accuracy
    verdict = (
        "reproduced" if abs(miss) <= recorded.tolerance else f"{'above' if miss > 0 else 'below'} by {abs(miss):.3f}"
    )
    seconds = mean(run.summary.seconds for run in runs)
    return line(
        name, f"{recorded.accuracy:.4f}", spread(accuracies), f"{recorded.loss:.4f}", spread(losses),
        f"{seconds:.0f} s", verdict,
    )  # fmt: skip


def pair_row(name: str, n_seeds: int, runs_dir: Path) -> str:
    """A row of the second table: the test accuracy with and without a technique, and their difference."""
    ours, others = train_all(name, n_seeds, runs_dir), train_all(PAIRS[name], n_seeds, runs_dir)
    pairs = [[run.summary.test["accuracy"] for run in runs] for runs in (ours, others)]
    estimate = paired_student(pairs[1], pairs[0]) if n_seeds > 1 else None
    difference = mean(pairs[0]) - mean(pairs[1])
    verdict = f"{100 * difference:+.2f} points" + (f", p = {estimate.p:.2g}" if estimate else "")
    return line(name, spread(pairs[0]), f"[{PAIRS[name]}]({SPECS}/{PAIRS[name]}.yaml)", spread(pairs[1]), verdict)


def line(name: str, *cells: str) -> str:
    """A row of a table, with a link to the spec."""
    return "| " + " | ".join([f"[{name}]({SPECS}/{name}.yaml)", *cells]) + " |"


def spread(values: list[float]) -> str:
    """The mean, and of several values also the standard deviation."""
    return f"{mean(values):.4f}" + (f" ± {stdev(values):.4f}" if len(values) > 1 else "")


TABLES = {
    "recorded": (
        RECORDED,
        recorded_row,
        ("| experiment | recorded accuracy | ours | recorded loss | ours | time | |", "|---|---|---|---|---|---|---|"),
        "Means ± standard deviations over {} seeds, on the 5,000 validation images after the last epoch.",
    ),
    "pairs": (
        PAIRS,
        pair_row,
        ("| experiment | accuracy | compared with | accuracy | difference |", "|---|---|---|---|---|"),
        "Means ± standard deviations over {} seeds, on the test images; p from Student's t-test, paired by seed.",
    ),
}
"""For each table its experiments, the function that makes a row, the header, and the caption."""


def write(name: str, lines: list[str], caption: str) -> None:
    """Replace the table between its markers."""
    text = PAGE.read_text(encoding="utf-8")
    begin = f"<!-- {name} -->\n"
    pattern = re.compile(f"{begin}.*?{END}", re.DOTALL)
    assert pattern.search(text), f"{PAGE} has no markers for the table {name}"
    table = f"{caption}\n\n" + "\n".join(lines) + "\n"
    PAGE.write_text(pattern.sub(lambda _: begin + table + END, text), encoding="utf-8")


if __name__ == "__main__":
    main()

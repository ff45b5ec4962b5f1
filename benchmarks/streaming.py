"""Training on data that are ten times larger than the memory for examples, next to the same data in memory.

400,000 rows of 256 numbers in a memory map, a 300-100 network, batches of 128. Both sides alternate. The epochs after
the first are compared: the first one compiles.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import yaml

from dnnctl.commands.train import train
from dnnctl.specs import load

N_ROWS, N_COLUMNS, BLOCK = 400_000, 256, 20_000
MEMORY = N_ROWS * N_COLUMNS * 4 / 10 / 1e9
"""A tenth of the data, in GB."""
SIDES = {"in memory": "data.in_memory=true", "streamed": f"runtime.memory={MEMORY}"}
N_ROUNDS = 3
TARGET = 0.8


def main(n_rows: int = N_ROWS, n_rounds: int = N_ROUNDS) -> None:
    """Print a line for each side, and the ratio of their rates."""
    print("\nData ten times larger than the memory for examples: seconds per epoch")
    with tempfile.TemporaryDirectory() as folder:
        spec = write(Path(folder), n_rows)
        seconds: dict[str, list[float]] = {side: [] for side in SIDES}
        states = set()
        for _ in range(n_rounds):
            for side, override in SIDES.items():
                run = train(load(spec, [override]), runs_dir=Path(folder) / "runs")
                seconds[side] += [row["seconds"] for row in run.rows[1:]]
                states.add(run.summary.state)
    for side, found in seconds.items():
        print(f"{side:<12}{median(found):>8.2f} s  ({min(found):.2f} to {max(found):.2f})")
    ratio = median(seconds["in memory"]) / median(seconds["streamed"])
    same = "the same bits" if len(states) == 1 else "OTHER BITS"
    print(f"rate of streaming: {ratio:.2f} of that in memory (target {TARGET}), {same}", flush=True)


def write(folder: Path, n_rows: int) -> Path:
    """Write the memory map, the labels and the spec."""
    draw = np.random.default_rng(0)
    weights = draw.normal(size=N_COLUMNS).astype(np.float32)
    inputs = np.lib.format.open_memmap(folder / "inputs.npy", mode="w+", dtype=np.float32, shape=(n_rows, N_COLUMNS))
    labels = np.empty(n_rows, np.int32)
    for start in range(0, n_rows, BLOCK):
        n = min(BLOCK, n_rows - start)
        block = draw.normal(size=(n, N_COLUMNS)).astype(np.float32)
        inputs[start : start + n], labels[start : start + n] = block, block @ weights > 0
    inputs.flush()
    np.save(folder / "labels.npy", labels)
    spec = {
        "data": {
            "source": {"kind": "npy", "train_inputs": "inputs.npy", "train_targets": "labels.npy"},
            "validation": {"size": 0.05},
        },
        "model": {"defaults": {"activation": "relu"}, "layers": [{"kind": "dense", "units": n} for n in (300, 100)]},
        "training": {"batch_size": 128, "epochs": 3},
    }
    path = folder / "large.yaml"
    path.write_text(yaml.safe_dump(spec))
    return path


if __name__ == "__main__":
    main()

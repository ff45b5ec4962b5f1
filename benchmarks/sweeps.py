"""Short trials in the workers of a sweep against as many `dnnctl train`, and a sweep with many trials in the store."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dnnctl.commands.sweep_result import read_sweep
from dnnctl.search.proposals import Search
from dnnctl.specs.reading.load_sweep import LoadedSweep, load_sweep, plain_sweep
from dnnctl.store.facts import RunFacts, Summary, TrialFacts
from dnnctl.store.files import to_json_line
from dnnctl.store.json_object import plain
from dnnctl.store.trials import read_trials, trial_name

N_TRIALS = 20
N_STORED = 1000
SELU = Path(__file__).parents[1] / "configs" / "selu.yaml"
SHORT = ["data.limit=500", "training.epochs=2"]
RATE = "schedule.max_rate"


def main(n_trials: int = N_TRIALS, n_stored: int = N_STORED) -> None:
    """Print the seconds of both sides and their ratio, and those of `show` and of a proposal."""
    with tempfile.TemporaryDirectory() as folder:
        words = [f"--set={each}" for each in SHORT]
        alone = seconds(lambda: [dnnctl("train", SELU, "--runs-dir", folder, *words) for _ in range(n_trials)])
        vary = ["--vary", f"{RATE}=log(1e-3, 1e-1)", "--trials", n_trials]
        sweep = seconds(lambda: dnnctl("sweep", SELU, "--runs-dir", folder, *words, *vary))
    print(f"\n{n_trials} short trainings: dnnctl train {alone:.1f} s, dnnctl sweep {sweep:.1f} s, {sweep / alone:.2f}")
    print("(target 0.50)")
    with tempfile.TemporaryDirectory() as folder:
        loaded = store_trials(Path(folder), n_stored)
        show = seconds(lambda: dnnctl("show", loaded.sweep.name, "--runs-dir", folder))
        search, trials = Search.of(loaded), read_trials(Path(folder), loaded.sweep.name)
        assert len(read_sweep(trials).trials) == n_stored
        propose = seconds(lambda: search.propose(trials))
    print(f"{n_stored:,} stored trials: show {show:.2f} s (target 1.0), the next proposal {propose:.2f} s (target 0.5)")


def store_trials(directory: Path, n: int) -> LoadedSweep:
    """Write the runs of a sweep by TPE without training them."""
    changes = {"name": "many", "search": {"kind": "tpe", "trials": n + 1}}
    loaded = load_sweep(SELU, vary=[f"{RATE}=log(1e-3, 1e-1)"], changes=changes)
    search, plan = Search.of(loaded), plain_sweep(loaded.sweep)
    for number, setting in enumerate(search.random_settings(n), 1):
        best = {"epoch": 1, "step": 1, "seconds": 1.0, "val_loss": setting[RATE]}
        path = directory / f"20260101-000000-{trial_name('many', number)}-beef"
        path.mkdir()
        facts = TrialFacts("many", number, setting, plan=plan, identity=search.identity)
        write_run(path, facts, Summary(1, "val_loss", best_epoch=1, best=best))
    return loaded


def write_run(path: Path, facts: TrialFacts, summary: Summary) -> None:
    """Write the folder of a finished trial."""
    (path / "run.json").write_text(to_json_line(plain(RunFacts(id=path.name, name=path.name, trial=facts))))
    (path / "summary.json").write_text(to_json_line(plain(summary)))


def seconds(action: Callable[[], object]) -> float:
    """How long an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def dnnctl(*words: object) -> None:
    """Run a command."""
    command = [sys.executable, "-m", "dnnctl", *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()

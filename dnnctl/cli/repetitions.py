"""`dnnctl train --seeds N --folds K`: the results of the runs as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from dnnctl.cli.notice import print_notice
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.table import print_table
from dnnctl.commands.repetitions import Repetitions, train_repetitions
from dnnctl.specs import LoadedSpec
from dnnctl.store.metrics import format_metrics
from dnnctl.store.recipe import Repetition, repetition
from dnnctl.store.record import RunRecord
from dnnctl.text import format_number

Statistic = Callable[[Sequence[float]], float]


@dataclass(frozen=True)
class RepetitionOptions:
    """What is trained, and how."""

    n_seeds: int
    n_folds: int
    n_workers: int | None = None
    """The number of runs that are trained at the same time; None to train one after the other, each displayed live."""
    or_resume: bool = False
    """Whether to continue the runs of the same specs, and to leave the finished ones."""

    @property
    def n_runs(self) -> int:
        """The number of runs."""
        return self.n_seeds * max(self.n_folds, 1)


def train_and_print(
    loaded: LoadedSpec,
    path: Path,
    runs_dir: Path | None,
    options: RepetitionOptions,
    *,
    quiet: bool,
    as_json: bool,
) -> int:
    """Train the seeds and folds, print their results with mean and standard deviation, and return the exit code."""
    train = _train_one_by_one if options.n_workers is None else _train_in_workers
    result = train(loaded, path, runs_dir, options, quiet=quiet, as_json=as_json)
    if as_json:
        print_json(as_object(result.runs))
    elif not quiet and result.runs:
        _print(result.runs)
    elif options.n_workers is not None:
        print_text("\n".join(run.id for run in result.runs))
    return max(result.codes)


def _train_one_by_one(
    loaded: LoadedSpec, path: Path, runs_dir: Path | None, options: RepetitionOptions, *, quiet: bool, as_json: bool
) -> Repetitions:
    def announce(repetition: Repetition, number: int) -> None:
        if not quiet and not as_json:
            print_text(f"{repetition} ({number} of {options.n_runs})")

    return train_repetitions(
        loaded,
        path,
        runs_dir,
        n_seeds=options.n_seeds,
        n_folds=options.n_folds,
        options=[*["--or-resume"] * options.or_resume, *["--quiet"] * quiet, *["--json"] * as_json],
        on_start=announce,
        notify=print_notice,
    )


def _train_in_workers(
    loaded: LoadedSpec, path: Path, runs_dir: Path | None, options: RepetitionOptions, *, quiet: bool, as_json: bool
) -> Repetitions:
    """Each event is printed with its run, because the runs are trained at the same time."""
    from dnnctl.commands.parallel_repetitions import train_in_workers

    def show(repetition: Repetition, folder: Path, content: Mapping[str, Any]) -> None:
        event = content["event"]
        if as_json and event not in ("given", "released"):
            print_json({**content, "run": folder.name})
        elif not as_json and not quiet and event == "given":
            print_text(f"{repetition}  {folder.name}")
        elif not as_json and not quiet and event == "epoch_ended" and content["is_best"]:
            print_text(f"{repetition}  epoch {content['row']['epoch']}  {format_metrics(content['row'])}")

    assert options.n_workers is not None
    return train_in_workers(
        loaded,
        path,
        runs_dir,
        n_workers=options.n_workers,
        or_resume=options.or_resume,
        n_seeds=options.n_seeds,
        n_folds=options.n_folds,
        on_event=show,
        notify=print_notice,
    )


def as_object(runs: Sequence[RunRecord]) -> dict[str, Any]:
    """The last line of `--json`: the runs, and the mean and standard deviation over those that finished."""
    return {
        "event": "repetitions_ended",
        "runs": [run.id for run in runs],
        "seeds": [run.facts.seed for run in runs],
        "folds": [repetition(run).fold for run in runs],
        "n_finished": len(_finished(runs)),
        "mean": _over_runs(runs, mean, at_least=1),
        "standard_deviation": _over_runs(runs, stdev, at_least=2),
    }


def _print(runs: Sequence[RunRecord]) -> None:
    """Print the metrics of each run, and their mean and standard deviation over the finished runs."""
    values = [_metrics(run) for run in runs]
    names = list(dict.fromkeys(name for row in values for name in row))
    repetitions = [repetition(run) for run in runs]
    has_folds = any(each.fold is not None for each in repetitions)
    rows = [
        [
            f"{each.seed}, {each.fold}" if has_folds else str(each.seed),
            run.id,
            str(run.status),
            *(format_number(row.get(name)) for name in names),
        ]
        for run, each, row in zip(runs, repetitions, values, strict=True)
    ]
    if len(_finished(runs)) > 1:
        for label, statistic in (("mean", mean), ("deviation", stdev)):
            over = _over_runs(runs, statistic, at_least=2)
            rows.append([label, "", "", *(format_number(over.get(name)) for name in names)])
    print_text()
    print_table(["seed, fold" if has_folds else "seed", "run", "status", *names], rows, right=names)


def _finished(runs: Sequence[RunRecord]) -> list[dict[str, float]]:
    """The metrics of the runs that have finished."""
    return [row for row in map(_metrics, runs) if row]


def _over_runs(runs: Sequence[RunRecord], statistic: Statistic, *, at_least: int) -> dict[str, float]:
    """A statistic of each metric over the runs that have it.

    Args:
        at_least: the minimum number of values that the statistic needs.
    """
    finished = _finished(runs)
    columns = {name: [row[name] for row in finished if name in row] for row in finished for name in row}
    return {name: statistic(values) for name, values in columns.items() if len(values) >= at_least}


def _metrics(run: RunRecord) -> dict[str, float]:
    """The metrics on validation and test, `test accuracy` and so on; empty until the run has finished."""
    roles = ("validation", "test")
    if run.summary is None:
        return {}
    found = {role: run.summary.measured(role) for role in roles}
    return {f"{role} {name}": value for role in roles for name, value in found[role].items() if value is not None}

"""`dnnctl evaluate`: the weights of a run on its own data, or on new examples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, RunReference, RunsDir
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.table import print_columns, print_table, terminal_width, wrap_text
from dnnctl.errors import UserError, shorten
from dnnctl.store.catalog import load_run
from dnnctl.store.files import finite_only
from dnnctl.store.metrics import format_metrics
from dnnctl.store.purpose import Wanted
from dnnctl.store.seal import ALTERED
from dnnctl.text import format_number

if TYPE_CHECKING:
    from dnnctl.commands.evaluate import Evaluation
    from dnnctl.commands.runs import Weights
    from dnnctl.compare.quality import Quality, TunedQuality
    from dnnctl.compare.ranking_quality import RankingQuality
    from dnnctl.compare.residuals import NumberQuality
    from dnnctl.store.facts import Metrics

ROLES = ("test", "validation", "train")
WEIGHTS: tuple[Weights, ...] = ("best", "last")
MOST_CLASSES = 12
"""The largest number of classes whose confusion matrix is printed."""
LONGEST = 16
"""The longest name of a class in a table."""
METRICS = {"roc_auc": "ROC-AUC", "pr_auc": "PR-AUC"}
"""How metrics are printed that have another name."""
McSamples = Annotated[int, typer.Option("--mc-samples", min=0, metavar="N", help="Run N random passes of MC dropout.")]
ChosenWeights = Annotated[
    str,
    typer.Option("--weights", metavar="best|last", help="The weights of the best epoch, or those of the last one."),
]
AcceptAltered = Annotated[
    bool, typer.Option("--accept-altered", help="Use the run even if its files were altered since training.")
]


def evaluate_command(
    run: RunReference = "last",
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="test|validation|train",
            help="The split of the run's data to evaluate on.",
            show_default="test",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="PATH",
            help="A file or folder with new examples, or with the run's data if they were moved.",
            show_default="the run's data",
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=PATH", help="Where the run's data are now, e.g. data.source.path=FILE. Repeatable."
        ),
    ] = None,
    weights: ChosenWeights = "best",
    mc_samples: McSamples = 0,
    accept_altered: AcceptAltered = False,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Evaluate a run on its own data, or on new examples; --mc-samples also estimates its uncertainty by MC dropout."""
    with failures_reported(as_json=as_json):
        if on not in (None, *ROLES):
            raise UserError(f"--on: must be one of {', '.join(ROLES)}. Received: {on}.")
        if data is not None and overrides:
            raise UserError("--data: it cannot be combined with --set, which is about the run's own data.")
        chosen = check_weights(weights)
        record = load_run(run, runs_dir, Wanted.MODEL, print_notice)
        from dnnctl.commands.evaluate import evaluate

        options: dict[str, Any] = {"weights": chosen, "mc_samples": mc_samples, "accept_altered": accept_altered}
        found = evaluate(record, on, data=data, overrides=overrides or [], **options)
        for note in found.notes:
            print_notice(*note.split("\n"))
        if as_json:
            facts = {"run": record.id, "on": found.role or str(data), "weights": chosen, "n": found.n}
            marks = {"altered": list(found.altered), "recorded": found.recorded or None}
            print_json(finite_only({**facts, **_as_object(found), **marks}))
            return
        examples = f"{found.n:,} {found.role} examples" if found.role else f"{found.n:,} examples of {data}"
        where = f"{record.id}, {chosen} weights, {examples}"
        if found.role is not None or found.quality is None:  # otherwise the metrics are those of the table
            where += f": {format_metrics(found.metrics)}"
        print_columns(where)
        if found.quality is not None:
            print_quality(found.quality, found.baseline)
        for line in describe_alteration(found):
            print_text(wrap_text(line, terminal_width()))
        if found.samples is not None:
            for line in describe_samples(found, mc_samples):
                print_text(wrap_text(line, terminal_width()))


def check_weights(weights: str) -> Weights:
    """The value of --weights.

    Raises:
        UserError: the value is not `best` or `last`.
    """
    for known in WEIGHTS:
        if weights == known:
            return known
    raise UserError(f"--weights: must be one of {', '.join(WEIGHTS)}. Received: {weights}.")


def _as_object(found: Evaluation) -> dict[str, Any]:
    facts = {"metrics": found.metrics, "baseline": found.baseline, **(_quality(found.quality) if found.quality else {})}
    if found.samples is None:
        return facts
    return {
        **facts,
        "mc_accuracy": found.sampled_accuracy,
        "mean_standard_deviation": float(found.samples.deviation.mean()),
        "mean_entropy": found.sampled_entropy,
    }


def _quality(quality: Quality) -> dict[str, Any]:
    ratios = ("name", "n", "precision", "recall", "f1", "ece")
    tuned = ("name", "threshold", "f1_there", "accuracy", "precision", "recall", "f1")
    numbers = ("name", "mae", "rmse", "r2", "mean", "quantiles")
    return {
        "intervals": {name: [each.low, each.high] for name, each in quality.metrics.items()},
        "values": {name: each.value for name, each in quality.metrics.items()},
        "classes": [_fields(each, ratios) | _ranking(each.ranking) for each in quality.classes],
        "confusion": [list(row) for row in quality.confusion],
        "ece": quality.ece,
        "tuned": [_fields(each, tuned) for each in quality.tuned],
        "numbers": [_fields(each, numbers) for each in quality.numbers],
    }


def _fields(value: Any, names: Sequence[str]) -> dict[str, Any]:
    """These attributes, without those that the task does not have."""
    found = {name: getattr(value, name) for name in names}
    return {name: each for name, each in found.items() if name != "ece" or each is not None}


def _ranking(ranking: RankingQuality | None) -> dict[str, Any]:
    areas = {} if ranking is None else {"roc_auc": ranking.roc_auc, "pr_auc": ranking.pr_auc}
    return {name: {"value": each.value, "interval": [each.low, each.high]} for name, each in areas.items()}


def print_quality(quality: Quality, baseline: Metrics) -> None:
    """Print metrics with intervals and the trivial prediction, and the quality of each class, label or number."""
    rows = [
        [METRICS.get(name, name), *map(format_number, (each.value, each.low, each.high, baseline.get(name)))]
        for name, each in quality.metrics.items()
    ]
    if quality.ece is not None:
        rows.append(["calibration error", format_number(quality.ece), "—", "—", "—"])
    columns = ["value", "95 % from", "to", "trivial"]
    _print_part("", ["metric", *columns], rows)
    if quality.classes:
        _print_classes(quality)
    if quality.tuned:
        _print_tuned(quality.tuned)
    if 1 < len(quality.confusion) <= MOST_CLASSES:
        _print_confusion([_short(each.name) for each in quality.classes], quality.confusion)
    if quality.numbers:
        _print_numbers(quality.numbers)


def _print_part(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table after a blank line; all columns except the first are numbers."""
    print_text()
    if title:
        print_text(wrap_text(title, terminal_width()))
    print_table(header, rows, right=header[1:])


def _print_classes(quality: Quality) -> None:
    """Print the quality of each class, or of each label, with the areas under its curves."""
    is_labels = not quality.confusion
    header = ["label" if is_labels else "class", "examples", "precision", "recall", "F1"]
    rows = []
    for each in quality.classes:
        numbers = [each.precision, each.recall, each.f1]
        if is_labels:
            areas = [each.ranking.roc_auc.value, each.ranking.pr_auc.value] if each.ranking else [None, None]
            numbers += [*areas, each.ece]
        rows.append([_short(each.name), f"{each.n:,}", *map(format_number, numbers)])
    _print_part("", [*header, *((*METRICS.values(), "calibration error") if is_labels else ())], rows)


def _print_tuned(tuned: Sequence[TunedQuality]) -> None:
    rows = [
        [
            _short(each.name),
            *map(format_number, (each.threshold, each.f1_there, each.accuracy, each.precision, each.recall, each.f1)),
        ]
        for each in tuned
    ]
    title = "With the threshold that has the highest F1 on the validation split:"
    name = "class" if len(tuned) == 1 else "label"
    _print_part(title, [name, "threshold", "F1 there", "accuracy", "precision", "recall", "F1"], rows)


def _print_numbers(numbers: Sequence[NumberQuality]) -> None:
    """Print the metrics of each of several numbers, and the quantiles of the residuals."""
    if len(numbers) > 1:
        rows = [[_short(each.name), *map(format_number, (each.mae, each.rmse, each.r2))] for each in numbers]
        _print_part("", ["number", "mae", "rmse", "r2"], rows)
    quantiles = [f"{quantile:.0%}".replace("%", " %") for quantile in numbers[0].quantiles]
    rows = [[_short(each.name), *map(format_number, (each.mean, *each.quantiles.values()))] for each in numbers]
    _print_part("", ["true - predicted", "mean", *quantiles], rows)


def _print_confusion(names: Sequence[str], confusion: Sequence[Sequence[int]]) -> None:
    """Print the number of examples of each class (row) that were predicted as each class (column)."""
    rows = [[name, *map(str, counts)] for name, counts in zip(names, confusion, strict=True)]
    _print_part("", ["true \\ predicted", *names], rows)


def _short(name: str) -> str:
    return shorten(name, LONGEST)


def describe_alteration(found: Evaluation) -> list[str]:
    """The files that were altered since training, and the metrics that were recorded then."""
    if not found.altered:
        return []
    recorded = format_metrics(found.recorded) or "none"
    return [f"{ALTERED}: {', '.join(found.altered)}", f"recorded in training: {recorded}"]


def describe_samples(found: Evaluation, n: int) -> list[str]:
    """The results of the passes of MC dropout, one per line.

    Args:
        n: the number of passes.
    """
    assert found.samples is not None
    lines = [f"{n} passes of MC dropout:"]
    if found.sampled_accuracy is not None:
        lines.append(f"- accuracy of the mean prediction: {format_number(found.sampled_accuracy)}")
    what = "probabilities" if found.sampled_entropy is not None else "values"
    deviation = format_number(float(found.samples.deviation.mean()))
    lines.append(f"- standard deviation of the predicted {what} over the passes, averaged over examples: {deviation}")
    if found.sampled_entropy is not None:
        entropy = format_number(found.sampled_entropy)
        lines.append(f"- predictive entropy, averaged over examples: {entropy} nats")
    return lines

"""`evaluate`: the weights of a run on its own data, or on new examples. No run is changed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnnctl.commands.input_form import find_form
from dnnctl.commands.moved_data import find_own_data
from dnnctl.commands.predictor import describe_target, load_predictor, named_target, read_form
from dnnctl.commands.runs import Weights, find_altered, load_model
from dnnctl.commands.session import faults_located
from dnnctl.commands.stderr import stderr_to
from dnnctl.errors import RunError, UserError
from dnnctl.specs import load
from dnnctl.store.catalog import load_run
from dnnctl.store.facts import Metrics, TargetFacts
from dnnctl.store.metrics import format_metrics
from dnnctl.store.pretrained import pretrained_copy
from dnnctl.store.purpose import Wanted
from dnnctl.store.record import RunRecord, check_sound

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dnnctl.compare.quality import Quality
    from dnnctl.compare.scores import Predictions
    from dnnctl.engine.mc_dropout import Samples

TEST = "test"
PLACES = ("path", "_inputs", "_targets")
"""How the keys of a source end that name files."""


@dataclass(frozen=True, repr=False)
class Evaluation:
    """The metrics of a run's weights on a split of its data."""

    n: int
    """The number of examples."""
    metrics: dict[str, float]
    role: str | None = None
    """The split of the run's data; None if these are other examples."""
    samples: Samples | None = None
    """The results of MC dropout, if it was requested."""
    sampled_accuracy: float | None = None
    """The accuracy of the mean prediction of MC dropout; only for classes and labels."""
    sampled_entropy: float | None = None
    """The mean entropy of the mean prediction, in nats; only for probabilities of classes and labels."""
    altered: tuple[str, ...] = ()
    """The files that were altered since training."""
    recorded: Metrics = field(default_factory=dict)
    """The metrics that were recorded in training; empty for the training split."""
    quality: Quality | None = None
    """Metrics with intervals, and the quality of each class."""
    baseline: Metrics = field(default_factory=dict)
    """The metrics of the trivial prediction; empty if it is not known."""
    notes: tuple[str, ...] = ()
    """What is unusual about new examples."""

    def __repr__(self) -> str:
        """The metrics; `quality` has their intervals."""
        examples = f"{self.n:,} {self.role or 'new'} examples"
        return f"Evaluation({examples}: {format_metrics(self.metrics)})"


def evaluate(
    run: str | Path | RunRecord,
    role: str | None = None,
    *,
    data: Any = None,
    weights: Weights = "best",
    mc_samples: int = 0,
    accept_altered: bool = False,
    overrides: Sequence[str] = (),
    runs_dir: str | Path | None = None,
) -> Evaluation:
    """Measure the weights of a run, at inference, on a split of its data or on new examples.

    Args:
        run: a run, or its id, id prefix, name or folder, or `last`.
        role: `train`, `validation` or `test`, which is the default.
        data: new examples, of the kind that the run was trained on: a file or folder, a dict with the columns of a
            table and its targets (or a DataFrame, an Arrow table, a list of dicts), or a pair of arrays,
            (inputs, targets); None for the run's own data. If a file has the run's own data, its split is measured.
        weights: those of the best epoch or of the last one.
        mc_samples: the number of additional MC dropout passes.
        accept_altered: evaluate the run even if it was altered since training.
        overrides: where the run's data are now: `data.source.path=…`.

    Raises:
        UserError: the run has no model or was altered, its data have changed or have no such split, its network has
            no dropout, or the new examples do not fit.
    """
    record = run if isinstance(run, RunRecord) else load_run(run, runs_dir, Wanted.MODEL)
    options: dict[str, Any] = {"weights": weights, "mc_samples": mc_samples, "accept_altered": accept_altered}
    if data is None:
        return _evaluate_split(record, role or TEST, overrides=overrides, **options)
    own = find_own_data(record, Path(data)) if isinstance(data, str | Path) else None
    if own is not None:
        found = _evaluate_split(record, role or TEST, overrides=[own], **options)
        note = f"{data} has the data that the run was trained on (the same digest), so its {role or TEST} split is used"
        return replace(found, notes=(*found.notes, note))
    if role is not None:
        raise UserError(
            f"--on {role}: --data has other examples than those that the run was trained on, so there is no such split."
        )
    return _evaluate_new(record, data, **options)


def _evaluate_split(
    run: RunRecord, role: str, *, weights: Weights, mc_samples: int, accept_altered: bool, overrides: Sequence[str]
) -> Evaluation:
    """Measure the weights of a run on a split of its data."""
    check_sound(run)
    altered = find_altered(run, weights, accept=accept_altered)
    check_overrides(overrides)
    loaded = load(run.folder.spec, overrides)
    with stderr_to(os.devnull), faults_located(loaded):
        from dnnctl.engine.mc_dropout import sample
        from dnnctl.events.event import ignore
        from dnnctl.runner.checkpointing.resume import recorded_compilation
        from dnnctl.runner.examples import place
        from dnnctl.runner.setup import prepare

        model = load_model(run, weights, accept_altered=accept_altered)
        setup, dataset = prepare(
            loaded.spec, ignore, compilation=recorded_compilation(run), pretrained=pretrained_copy(run)
        )
        if run.facts.data not in (None, setup.data):
            raise RunError(
                f"The data of {run.id} have changed since it was trained, so it cannot be evaluated on them."
            )
        split = getattr(dataset, role)
        if split is None:
            others = [each for each in ("train", "validation", "test") if getattr(dataset, each) is not None]
            raise RunError(
                f"The data of {run.id} have no {role} split. Measure another one with --on ({', '.join(others)}), or "
                "new examples with --data PATH."
            )
        set_weights(setup.model, model, run)
        placed = place(setup, split)
        engine = setup.engine(placed)
        recorded = _recorded(run, role, weights)
        found = Evaluation(len(split), engine.evaluate(placed), role, altered=altered, recorded=recorded)
        tuned_on, validation = None, dataset.validation
        if validation is not None and role != "validation" and setup.target.task != "numbers":
            answers = engine.predict(place(setup, validation))
            tuned_on = as_predictions(run, setup.target, answers, validation.targets)
        found = _with_quality(found, run, setup.target, engine.predict(placed), split.targets, tuned_on)
        if not mc_samples:
            return found
        samples = sample(setup.model, split.inputs, mc_samples, seed=loaded.spec.seed)
        samples = replace(samples, is_by_label=setup.target.task == "labels")
        return _with_samples(found, samples, as_predictions(run, setup.target, samples.mean, split.targets))


def _evaluate_new(run: RunRecord, data: Any, *, weights: Weights, mc_samples: int, accept_altered: bool) -> Evaluation:
    """Measure the weights of a run on new examples."""
    if mc_samples:
        raise UserError(
            "--mc-samples: it cannot be combined with --data. `dnnctl predict` gives deviations for new files."
        )
    check_sound(run)
    altered = find_altered(run, weights, accept=accept_altered)
    import numpy as np

    from dnnctl.data.inputs.batch import Started
    from dnnctl.data.inputs.files import find_files
    from dnnctl.data.inputs.labelled import label_memory, open_labelled

    files = find_files([str(data)]) if isinstance(data, str | Path) else []
    if len(files) > 1:
        raise UserError(f"--data: give one file or folder. {data} matches {len(files)}.")
    form = find_form(run, weights) or read_form(load_predictor(run, weights, accept_altered=accept_altered))
    target = describe_target(run)
    labelled = open_labelled(files[0], form, target) if files else label_memory(data, form, target)
    reader = Started(labelled.inputs)
    predictor = load_predictor(run, weights, accept_altered=accept_altered)
    answers: list[Any] = []
    others: dict[str, list[Any]] = {}
    for batch in reader.batches():
        answers.append(predictor.answer(batch.inputs).predictions)
        for name, values in batch.others.items():
            others.setdefault(name, []).extend(values.chunks if hasattr(values, "chunks") else values)
    predicted, targets = np.concatenate(answers), labelled.targets(others)
    found = Evaluation(len(targets), {}, altered=altered, notes=tuple(reader.notes()))
    found = _with_quality(found, run, predictor.target, predicted, targets, _recorded_validation(run, weights))
    assert found.quality is not None
    return replace(found, metrics={name: each.value for name, each in found.quality.metrics.items()})


def _with_quality(
    found: Evaluation,
    run: RunRecord,
    target: TargetFacts,
    predicted: NDArray[Any],
    targets: NDArray[Any],
    tuned_on: Predictions | None,
) -> Evaluation:
    """The evaluation with the quality of the predictions and of the trivial prediction."""
    import numpy as np

    from dnnctl.compare.quality import assess, trivial_scores
    from dnnctl.data.baseline import score_trivial

    trivial, predictions = np.array(target.trivial), as_predictions(run, target, predicted, targets)
    baseline = score_trivial(trivial, targets, target.task) if len(trivial) else {}  # type: ignore[arg-type]
    if len(trivial):
        baseline |= trivial_scores(predictions, trivial)
    return replace(found, quality=assess(predictions, tuned_on), baseline=baseline)


def _recorded_validation(run: RunRecord, weights: Weights) -> Predictions | None:
    """The predictions on validation that training recorded, which are those of the best weights; None without them."""
    from dnnctl.compare.scores import NoPredictions, read_predictions

    if weights != "best":
        return None
    found = read_predictions(run, "validation")
    return None if isinstance(found, NoPredictions) else found


def _with_samples(found: Evaluation, samples: Samples, predictions: Predictions) -> Evaluation:
    """The evaluation with the results of MC dropout, whose mean predictions are given."""
    from dnnctl.compare.scores import SCORES

    scores = SCORES[predictions.task](predictions)
    accuracy = float(scores["accuracy"].mean()) if "accuracy" in scores else None
    entropy = float(samples.entropy.mean()) if "crossentropy" in scores else None
    return replace(found, samples=samples, sampled_accuracy=accuracy, sampled_entropy=entropy)


def as_predictions(run: RunRecord, target: TargetFacts, values: NDArray[Any], targets: NDArray[Any]) -> Predictions:
    """The outputs (N, …) of the network of a run, ready to be scored."""
    from dnnctl.compare.scores import Predictions, threshold

    names = named_target(run, target).names
    return Predictions(values.reshape(len(values), -1), targets, target.task, threshold(run), names)


def check_overrides(overrides: Sequence[str]) -> None:
    """Check that overrides only say where the data are: everything else would be another run."""
    for override in overrides:
        key = override.partition("=")[0].strip()
        if not key.startswith("data.source.") or not key.endswith(PLACES):
            raise UserError(f"--set {override}: only the new place of a file can be set, such as data.source.path.")


def set_weights(target: Any, source: Any, run: RunRecord) -> None:
    """Copy the weights of a run's saved model into the model of its spec.

    Raises:
        RunError: they do not fit.
    """
    from dnnctl.builder.front import copy_weights

    try:
        copy_weights(source, target)
    except ValueError:
        raise RunError(f"{run.id} is damaged: its model is not the model of its spec.yaml.") from None


def _recorded(run: RunRecord, role: str, weights: Weights) -> Metrics:
    """The metrics of these weights on a split, as recorded in training."""
    summary = run.summary
    if summary is None or role == "train":
        return {}
    if weights == "best":
        return summary.measured(role)
    last = summary.last
    return ((last.validation if role == "validation" else last.test) if last else None) or {}

"""`evaluate` and `predict`: the weights of a run on its own data, or on new inputs. No run is changed."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dnnctl.commands.raw_columns import RawColumns, check_columns
from dnnctl.commands.runs import Weights, load_model, model_path
from dnnctl.commands.session import faults_located
from dnnctl.commands.stderr import stderr_to
from dnnctl.errors import RunError
from dnnctl.specs import load
from dnnctl.store.alteration import altered_files, check_unaltered
from dnnctl.store.facts import Metrics
from dnnctl.store.pretrained import pretrained_copy
from dnnctl.store.record import RunRecord, check_sound
from dnnctl.text import format_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dnnctl.engine.mc_dropout import Samples

ACCEPT = "To use it as it is, add --accept-altered."


@dataclass(frozen=True)
class Evaluation:
    """The metrics of a run's weights on a split of its data."""

    n: int
    """The number of examples."""
    metrics: dict[str, float]
    samples: Samples | None = None
    """The results of MC dropout, if it was requested."""
    sampled_accuracy: float | None = None
    """The accuracy of the mean prediction of MC dropout; only for classes and labels."""
    altered: tuple[str, ...] = ()
    """The files that were altered since training."""
    recorded: Metrics = field(default_factory=dict)
    """The metrics that were recorded in training; empty for the training split."""


def evaluate(
    run: RunRecord, role: str, *, weights: Weights = "best", mc_samples: int = 0, accept_altered: bool = False
) -> Evaluation:
    """Measure the weights of a run on a split of its data, at inference.

    Args:
        role: `train`, `validation` or `test`.
        weights: those of the best epoch or of the last one.
        mc_samples: the number of additional MC dropout passes.
        accept_altered: evaluate the run even if it was altered since training.

    Raises:
        UserError: the run has no model or was altered, its data have changed or have no such split, or its network
            has no dropout.
    """
    check_sound(run)
    altered = find_altered(run, weights, accept=accept_altered)
    loaded = load(run.folder.spec)
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
            raise RunError(f"The data of {run.id} have no {role} split.")
        set_weights(setup.model, model, run)
        placed = place(setup, split)
        metrics = setup.engine(placed).evaluate(placed)
        if not mc_samples:
            return Evaluation(len(split), metrics, altered=altered, recorded=_recorded(run, role, weights))
        samples = sample(setup.model, split.inputs, mc_samples, seed=loaded.spec.seed)
        samples = replace(samples, is_by_label=setup.task == "labels")
        accuracy = None if setup.task == "numbers" else _accuracy(samples, split.targets)
        return Evaluation(len(split), metrics, samples, accuracy, altered, _recorded(run, role, weights))


def predict(
    run: RunRecord,
    inputs: NDArray[Any] | RawColumns,
    *,
    weights: Weights = "best",
    mc_samples: int = 0,
    accept_altered: bool = False,
) -> dict[str, NDArray[Any]]:
    """Predict from new raw inputs, unscaled like the training data.

    Args:
        inputs: (N, …), or for a network that was trained on a table a dict with the values of each column, (N,): text
            of categories, numbers, booleans, or dates. None and NaN are missing values.
        weights: those of the best epoch or of the last one.
        mc_samples: the number of MC dropout passes; 0 predicts without dropout.
        accept_altered: predict even if the run was altered since training.

    Returns `predictions` (N, K); with `mc_samples` also `deviation` (N, K) and `entropy` (N,) over the passes. If files
    were altered since training, `altered` holds their names.

    Raises:
        UserError: the run has no model or was altered, the inputs do not fit it, or MC dropout is requested without
            dropout layers.
    """
    altered = find_altered(run, weights, accept=accept_altered)
    with stderr_to(os.devnull):
        import numpy as np

        from dnnctl.builder.front import core_of, encode_columns, has_front
        from dnnctl.engine.mc_dropout import sample

        model = load_model(run, weights, accept_altered=accept_altered)
        mark = {"altered": np.array(altered)} if altered else {}
        if has_front(model):
            rows: NDArray[Any] = encode_columns(model, check_columns(run, model, inputs))
            model = core_of(model)
        else:
            rows = _check_inputs(run, model.inputs[0], inputs)
        if not mc_samples:
            return {"predictions": np.asarray(model.predict(rows, verbose=0)), **mark}
        samples = sample(model, rows, mc_samples, seed=run.facts.seed or 0)
        samples = replace(samples, is_by_label=run.summary is not None and run.summary.task == "labels")
        return {"predictions": samples.mean, "deviation": samples.deviation, "entropy": samples.entropy, **mark}


def find_altered(run: RunRecord, weights: Weights, *, accept: bool) -> tuple[str, ...]:
    """The files of a run that were altered since training, of those that define these weights.

    Raises:
        RunError: there are some, and this is not accepted.
    """
    path = model_path(run.folder, weights)
    if not accept:
        check_unaltered(run, path, fix=ACCEPT)
    return altered_files(run, path)


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


def _check_inputs(run: RunRecord, wanted: Any, inputs: Any) -> NDArray[Any]:
    """Check that inputs are an array, and have the shape, the type and the range of the training data.

    Raises:
        RunError: they do not.
    """
    import numpy as np

    if not isinstance(inputs, np.ndarray):
        raise RunError(f"The inputs of {run.id} must be an array. Received: {type(inputs).__name__}.")
    shape = tuple(wanted.shape[1:])
    if inputs.shape[1:] != shape:
        received = format_shape(inputs.shape[1:])
        raise RunError(
            f"These inputs do not fit {run.id}: each must have the shape {format_shape(shape)}. Received: {received}."
        )
    if inputs.dtype.kind not in "fiub":
        raise RunError(f"These inputs do not fit {run.id}: they must be numbers. Received: {inputs.dtype}.")
    if wanted.dtype == "uint8" and inputs.dtype != "uint8":
        _check_pixels(run, inputs)
    return inputs


def _check_pixels(run: RunRecord, inputs: NDArray[Any]) -> None:
    """Check that inputs that are not uint8 are whole pixel values from 0 to 255."""
    import numpy as np

    low, high = (float(inputs.min()), float(inputs.max())) if inputs.size else (0.0, 0.0)
    received = f"{inputs.dtype} from {low:.4g} to {high:.4g}"
    if not np.isfinite(inputs).all() or low < 0 or high > 255:
        raise RunError(f"{run.id} was trained on uint8 pixels from 0 to 255. Received: {received}.")
    if inputs.dtype.kind == "f" and (high <= 1 or not np.equal(np.mod(inputs, 1), 0).all()):
        raise RunError(
            f"{run.id} was trained on uint8 pixels from 0 to 255, which the model scales itself. Received: {received}. "
            f"Convert them: (inputs * 255).round().astype('uint8') for values from 0 to 1."
        )


def _accuracy(samples: Samples, targets: NDArray[Any]) -> float:
    """The fraction of examples, or of labels, that the mean prediction classifies correctly."""
    import numpy as np

    mean = samples.mean
    if targets.shape == mean.shape:  # labels
        return float(np.mean((mean > 0.5) == (targets > 0.5)))
    classes = (mean[:, 0] > 0.5).astype(np.int64) if mean.shape[1] == 1 else np.argmax(mean, axis=1)
    return float(np.mean(classes == targets.reshape(-1)))

"""`evaluate` and `predict`: the weights of a run on its own data, or on new inputs. No run is changed."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dnnctl.commands.raw_columns import RawColumns, check_columns
from dnnctl.commands.runs import Weights, load_model
from dnnctl.commands.session import faults_located
from dnnctl.commands.stderr import stderr_to
from dnnctl.errors import RunError
from dnnctl.specs import load
from dnnctl.store.pretrained import pretrained_copy
from dnnctl.store.record import RunRecord, check_sound
from dnnctl.text import format_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dnnctl.engine.mc_dropout import Samples


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


def evaluate(run: RunRecord, role: str, *, weights: Weights = "best", mc_samples: int = 0) -> Evaluation:
    """Measure the weights of a run on a split of its data, at inference.

    Args:
        role: `train`, `validation` or `test`.
        weights: those of the best epoch or of the last one.
        mc_samples: the number of additional MC dropout passes.

    Raises:
        UserError: the run has no model, its data have changed or have no such split, or its network has no dropout.
    """
    check_sound(run)
    loaded = load(run.folder.spec)
    with stderr_to(os.devnull), faults_located(loaded):
        from dnnctl.builder.front import copy_weights
        from dnnctl.engine.mc_dropout import sample
        from dnnctl.events.event import ignore
        from dnnctl.runner.checkpointing.resume import recorded_compilation
        from dnnctl.runner.examples import place
        from dnnctl.runner.setup import prepare

        model = load_model(run, weights)
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
        copy_weights(model, setup.model)
        placed = place(setup, split)
        metrics = setup.engine(placed).evaluate(placed)
        if not mc_samples:
            return Evaluation(len(split), metrics)
        samples = sample(setup.model, split.inputs, mc_samples, seed=loaded.spec.seed)
        samples = replace(samples, is_by_label=setup.task == "labels")
        accuracy = None if setup.task == "numbers" else _accuracy(samples, split.targets)
        return Evaluation(len(split), metrics, samples, accuracy)


def predict(
    run: RunRecord, inputs: NDArray[Any] | RawColumns, *, weights: Weights = "best", mc_samples: int = 0
) -> dict[str, NDArray[Any]]:
    """Predict from new raw inputs, unscaled like the training data.

    Args:
        inputs: (N, …), or for a network that was trained on a table a dict with the values of each column, (N,): text
            of categories, numbers, booleans, or dates. None and NaN are missing values.
        weights: those of the best epoch or of the last one.
        mc_samples: the number of MC dropout passes; 0 predicts without dropout.

    Returns `predictions` (N, K); with `mc_samples` also `deviation` (N, K) and `entropy` (N,) over the passes.

    Raises:
        UserError: the run has no model, the inputs do not fit it, or MC dropout is requested without dropout layers.
    """
    with stderr_to(os.devnull):
        import numpy as np

        from dnnctl.builder.front import core_of, encode_columns, has_front
        from dnnctl.engine.mc_dropout import sample

        model = load_model(run, weights)
        if has_front(model):
            rows: NDArray[Any] = encode_columns(model, check_columns(run, model, inputs))
            model = core_of(model)
        else:
            rows = _check_inputs(run, model.inputs[0], inputs)
        if not mc_samples:
            return {"predictions": np.asarray(model.predict(rows, verbose=0))}
        samples = sample(model, rows, mc_samples, seed=run.facts.seed or 0)
        samples = replace(samples, is_by_label=run.summary is not None and run.summary.task == "labels")
        return {"predictions": samples.mean, "deviation": samples.deviation, "entropy": samples.entropy}


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

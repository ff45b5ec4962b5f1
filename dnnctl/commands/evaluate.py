"""`evaluate` and `predict`: the best weights of a run on its own data, or on new inputs. They write no run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dnnctl.commands.session import faults_located
from dnnctl.commands.stderr import stderr_to
from dnnctl.errors import RunError
from dnnctl.specs import load
from dnnctl.store.pretrained import pretrained_copy
from dnnctl.store.record import RunRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dnnctl.engine.mc_dropout import Samples


@dataclass(frozen=True)
class Evaluation:
    """How good a run's best weights are."""

    n: int
    """The number of examples."""
    metrics: dict[str, float]
    samples: Samples | None = None
    """The passes of MC dropout, if they were asked for."""
    sampled_accuracy: float | None = None
    """The accuracy of their mean, for classes."""


def evaluate(run: RunRecord, role: str, *, mc_samples: int = 0) -> Evaluation:
    """Measure a run's best weights on a part of its data, at inference.

    Args:
        role: `train`, `validation` or `test`.
        mc_samples: how many passes of MC dropout there are besides.

    Raises:
        UserError: the run has no model, its data have changed or have no such part, or it has no dropout to sample.
    """
    loaded = load(run.folder.spec)
    with stderr_to(os.devnull), faults_located(loaded):
        from dnnctl.engine.mc_dropout import sample
        from dnnctl.events.event import ignore
        from dnnctl.runner.checkpointing.resume import data_facts, recorded_compilation
        from dnnctl.runner.setup import make_engine, place, prepare

        best = run.model()
        setting = prepare(loaded.spec, ignore, compilation=recorded_compilation(run), source=pretrained_copy(run))
        if run.facts.get("data") not in (None, data_facts(setting)):
            raise RunError(
                f"The data of {run.id} have changed since it was trained: there is nothing to measure it on."
            )
        part = getattr(setting.dataset, role)
        if part is None:
            raise RunError(f"The data of {run.id} have no {role} part.")
        setting.model.set_weights(best.get_weights())
        on_device = place(setting, part)
        assert on_device is not None
        metrics = make_engine(setting).evaluate(on_device)
        if not mc_samples:
            return Evaluation(len(part), metrics)
        samples = sample(setting.model, part.inputs, mc_samples, seed=loaded.spec.seed)
        is_classes = setting.dataset.task == "classes"
        return Evaluation(len(part), metrics, samples, _accuracy(samples, part.targets) if is_classes else None)


def predict(run: RunRecord, inputs: NDArray[Any], *, mc_samples: int = 0) -> dict[str, NDArray[Any]]:
    """What a run's best weights say of new inputs, raw as the training's were.

    Returns `predictions` (N, K); with `mc_samples` also `deviation` (N, K) and `entropy` (N,) over the passes.

    Raises:
        UserError: the run has no model, the inputs do not fit it, or it has no dropout to sample.
    """
    with stderr_to(os.devnull):
        import numpy as np

        from dnnctl.engine.mc_dropout import sample

        model = run.model()
        shape = tuple(model.inputs[0].shape[1:])
        if inputs.shape[1:] != shape:
            got, wanted = (" × ".join(map(str, each)) or "one number" for each in (inputs.shape[1:], shape))
            raise RunError(f"These inputs do not fit {run.id}: each must be {wanted}. Received: {got}.")
        if not mc_samples:
            return {"predictions": np.asarray(model.predict(inputs, verbose=0))}
        samples = sample(model, inputs, mc_samples, seed=int(run.facts.get("seed") or 0))
        return {"predictions": samples.mean, "deviation": samples.deviation, "entropy": samples.entropy}


def _accuracy(samples: Samples, targets: NDArray[Any]) -> float:
    """The share of examples whose class the mean answer gives."""
    import numpy as np

    mean = samples.mean
    classes = (mean[:, 0] > 0.5).astype(np.int64) if mean.shape[1] == 1 else np.argmax(mean, axis=1)
    return float(np.mean(classes == targets.reshape(-1)))

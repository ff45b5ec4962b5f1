"""The trained network of a run, ready to predict from raw inputs, and what is known about its inputs and outputs.

Shapes: N is the number of examples, K the number of outputs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dnnctl.commands.input_form import complete_form
from dnnctl.commands.raw_columns import check_columns
from dnnctl.commands.runs import Weights, load_model
from dnnctl.commands.stderr import stderr_to
from dnnctl.store.facts import TargetFacts
from dnnctl.store.model_input import ModelInput
from dnnctl.store.record import RunRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dnnctl.data.inputs.batch import InputForm
    from dnnctl.engine.mc_dropout import Samples

BATCH = 1024
"""How many examples are predicted at a time."""


@dataclass(frozen=True)
class Outputs:
    """What the network answers."""

    predictions: NDArray[Any]
    """(N, K), or the mean of the passes of MC dropout."""
    deviation: NDArray[Any] | None = None
    """(N, K) over the passes."""
    entropy: NDArray[Any] | None = None
    """(N,) over the passes, in nats."""


@dataclass(frozen=True)
class Predictor:
    """A loaded network."""

    run: RunRecord
    model: Any
    """With the front, if it takes the raw columns of a table."""
    target: TargetFacts
    encode: Callable[[dict[str, NDArray[Any]]], NDArray[Any]] | None
    """From raw columns to encoded rows; None if the inputs are arrays."""
    core: Any
    """The network that was trained."""
    sampler: Callable[[NDArray[Any]], Samples] | None
    """MC dropout, if it was requested."""
    forward: Callable[[NDArray[Any]], NDArray[Any]]
    """From the inputs of the core to its outputs, (N, K)."""

    @property
    def output_kind(self) -> str:
        """The activation of the last layer; empty if it is not known."""
        layers = [layer for layer in self.core.layers if layer.name == "output"]
        return str(getattr(getattr(layers[0], "activation", None), "__name__", "")) if layers else ""

    @property
    def model_input(self) -> ModelInput:
        """The input of the model."""
        if self.encode is not None:
            return ModelInput(tuple(self.model.input))
        wanted = self.model.inputs[0]
        return ModelInput((), tuple(wanted.shape[1:]), wanted.dtype)

    @property
    def input_form(self) -> InputForm:
        """What the network takes, without the source of the training examples."""
        from dnnctl.data.inputs.batch import InputForm

        found = self.model_input
        is_pixels, limits = found.dtype == "uint8", self.run.facts.input_range
        return InputForm(self.run.id, found.shape, is_pixels, input_range=() if found.columns else limits)

    def answer(self, inputs: Any) -> Outputs:
        """The answers to raw inputs, an array (N, …) or a dict of columns (N,).

        Raises:
            RunError: they do not fit.
        """
        from dnnctl.data.inputs.arrays import check_array

        with stderr_to(os.devnull):
            if self.encode is not None:
                inputs = self.encode(check_columns(self.run, self.model, inputs))
            else:
                check_array(inputs, self.input_form)
            if self.sampler is None:
                return Outputs(self.forward(inputs))
            samples = replace(self.sampler(inputs), is_by_label=self.target.task == "labels")
            return Outputs(samples.mean, samples.deviation, samples.entropy)


def load_predictor(run: RunRecord, weights: Weights, *, mc_samples: int = 0, accept_altered: bool = False) -> Predictor:
    """The network of a run with these weights.

    Raises:
        RunError: the run has no such model, or was altered, or MC dropout is requested without dropout layers.
    """
    with stderr_to(os.devnull):
        from dnnctl.builder.front import core_of, front_of, has_front
        from dnnctl.engine.mc_dropout import make_sampler
        from dnnctl.engine.prediction import compile_prediction

        model = load_model(run, weights, accept_altered=accept_altered)
        core = core_of(model)
        sampler = make_sampler(core, mc_samples, seed=run.facts.seed or 0) if mc_samples else None
        encode = compile_prediction(front_of(model)) if has_front(model) else None
        return Predictor(run, model, describe_target(run), encode, core, sampler, compile_prediction(core))


def describe_target(run: RunRecord) -> TargetFacts:
    """What a run predicts; for runs of versions that did not record it, from its summary and its predictions."""
    if run.facts.target is not None:
        return run.facts.target
    from dnnctl.compare.scores import NoPredictions, read_predictions

    task = run.summary.task if run.summary is not None else None
    for role in ("test", "validation"):
        found = read_predictions(run, role)
        if not isinstance(found, NoPredictions):
            return TargetFacts(found.task, found.class_names)
    return TargetFacts(task or "numbers")


def named_target(run: RunRecord, target: TargetFacts) -> TargetFacts:
    """What a run predicts, with the columns of several numbers of a table as their names."""
    source = run.facts.spec.get("data", {}).get("source", {})
    columns = source.get("target") if isinstance(source, dict) else None
    if target.task != "numbers" or target.names or not isinstance(columns, str | list):
        return target
    return replace(target, names=tuple(map(str, [columns] if isinstance(columns, str) else columns)))


def read_form(predictor: Predictor) -> InputForm:
    """What the network takes, with the source of the training examples, so that files are read as in training.

    Raises:
        RunError: the run's encoding.json is damaged.
        SpecError: its spec is not valid.
    """
    return complete_form(predictor.run, predictor.model_input)

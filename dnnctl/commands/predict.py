"""`predict`: the answers of a trained network to new inputs, as named columns. No run is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnnctl.commands.attribution import Explain, check_explainable, describe_effects, make_explain
from dnnctl.commands.input_form import find_form
from dnnctl.commands.named_outputs import Columns, name_outputs
from dnnctl.commands.predicted_rows import PredictedRows
from dnnctl.commands.predictor import Outputs, Predictor, load_predictor, named_target, read_form
from dnnctl.commands.runs import Weights, find_altered
from dnnctl.errors import UserError
from dnnctl.store.catalog import load_run
from dnnctl.store.purpose import Wanted
from dnnctl.store.record import RunRecord

if TYPE_CHECKING:
    from dnnctl.data.inputs.batch import InputForm, InputReader


@dataclass
class Prediction:
    """New inputs and their predictions, read and computed some rows at a time."""

    run: RunRecord
    altered: tuple[str, ...]
    """The files of the run that were altered since training."""
    reader: InputReader
    predictor: Predictor
    n_rows: int = 0
    """The number of rows so far."""
    names: list[str] = field(default_factory=list)
    """The names of the columns."""
    explain: Explain | None = None
    """What explains each prediction, if that was requested."""

    def batches(self) -> Iterator[Columns]:
        """For some rows at a time, the columns: the key of each row, what `keep` names, and the predictions.

        Raises:
            UserError: an input does not fit, or a column that is kept has the name of another one.
        """
        for batch in self.reader.batches():
            answer = self.predictor.answer(batch.inputs)
            found = name_columns(self.predictor, answer)
            if self.explain is not None:
                found |= self.explain(batch.inputs, answer)
            keys = {name: list(values) for name, values in batch.keys.items()}
            for name in batch.others:
                if name in keys or name in found:
                    raise UserError(f"--keep {name}: the output has another column of this name. Rename it.")
            columns = {**keys, **{name: _plain(values) for name, values in batch.others.items()}, **found}
            self.n_rows += len(batch)
            self.names = list(columns)
            yield columns

    def notes(self) -> list[str]:
        """What the user should know, once all rows are read."""
        effects = [] if self.explain is None else [describe_effects(self.predictor.target.task)]
        return [*self.reader.notes(), *effects]


def open_prediction(
    run: RunRecord,
    inputs: Sequence[str],
    *,
    keep: Sequence[str] = (),
    weights: Weights = "best",
    mc_samples: int = 0,
    explain: bool = False,
    accept_altered: bool = False,
) -> Prediction:
    """Predictions for files, which are all of one kind.

    Args:
        inputs: paths or patterns; `-` means JSON lines on standard input.
        keep: columns of the input to give along.
        explain: whether to give the columns that moved each prediction most.

    Raises:
        UserError: the run has no model or was altered, or the inputs do not fit it.
    """
    from dnnctl.data.inputs.files import find_files, kind_of
    from dnnctl.data.inputs.open import open_inputs

    files = find_files(list(inputs))
    for path in files:
        kind_of(path)
    options: dict[str, Any] = {"weights": weights, "mc_samples": mc_samples, "accept_altered": accept_altered}
    return _open(run, lambda form: open_inputs(files, form, keep), explain=explain, **options)


def _open(
    run: RunRecord,
    open_reader: Callable[[InputForm], InputReader],
    *,
    weights: Weights,
    mc_samples: int,
    explain: bool,
    accept_altered: bool,
) -> Prediction:
    """Predictions for inputs, of which the first are read before TensorFlow is loaded: a fault is reported at once."""
    altered = find_altered(run, weights, accept=accept_altered)
    from dnnctl.data.inputs.batch import Started

    form = find_form(run, weights) or read_form(load_predictor(run, weights, accept_altered=accept_altered))
    if explain:
        check_explainable(form)
    reader = Started(open_reader(form))
    predictor = load_predictor(run, weights, mc_samples=mc_samples, accept_altered=accept_altered)
    return Prediction(run, altered, reader, predictor, explain=make_explain(predictor, form) if explain else None)


def predict(
    run: str | Path | RunRecord,
    inputs: Any,
    *,
    keep: Sequence[str] = (),
    weights: Weights = "best",
    mc_samples: int = 0,
    explain: bool = False,
    accept_altered: bool = False,
    runs_dir: str | Path | None = None,
) -> PredictedRows:
    """Predict from new inputs with a trained run.

    Args:
        run: a run, or its id, id prefix, name or folder, or `last`.
        inputs: a path or a list of paths; an array (N, …) of raw inputs; or for a run on a table a dict with the
            values of each column, (N,), a DataFrame of pandas or polars, an Arrow table, or a list of dicts.
        keep: other columns of the input to give along.
        weights: those of the best epoch or of the last one.
        mc_samples: the number of passes of MC dropout; 0 predicts without dropout.
        explain: whether to add the three columns of a table that moved each prediction most, by gradient × input.
        accept_altered: predict even if the run was altered since training.

    Returns a dict of columns (N,), as `dnnctl predict` writes them: `row` or `path`, `prediction`, the probabilities.

    Raises:
        UserError: the run has no model or was altered, or the inputs do not fit it.
    """
    import numpy as np

    record = run if isinstance(run, RunRecord) else load_run(run, runs_dir, Wanted.MODEL)
    options: dict[str, Any] = {"weights": weights, "mc_samples": mc_samples, "accept_altered": accept_altered}
    options["explain"] = explain
    paths = [inputs] if isinstance(inputs, str | Path) else inputs
    if isinstance(paths, list | tuple) and paths and all(isinstance(each, str | Path) for each in paths):
        prediction = open_prediction(record, list(map(str, paths)), keep=keep, **options)
    else:
        from dnnctl.data.inputs.memory import open_memory

        prediction = _open(record, lambda form: open_memory(inputs, form, keep), **options)
    batches = list(prediction.batches())
    columns = {name: np.concatenate([np.asarray(batch[name]) for batch in batches]) for name in prediction.names}
    rows = PredictedRows(columns)
    rows.notes = tuple(prediction.notes())
    return rows


def name_columns(predictor: Predictor, outputs: Outputs) -> Columns:
    """The columns of some answers of the network of a run."""
    from dnnctl.compare.scores import threshold

    target = named_target(predictor.run, predictor.target)
    return name_outputs(outputs, target, activation=predictor.output_kind, threshold=threshold(predictor.run))


def _plain(values: Any) -> list[Any]:
    return values.to_pylist() if hasattr(values, "to_pylist") else list(values)

"""`predict`: the answers of a trained network to new inputs, as named columns. No run is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnnctl.commands.named_outputs import Columns, name_outputs
from dnnctl.commands.predictor import Outputs, Predictor, load_predictor, read_form
from dnnctl.commands.runs import Weights, find_altered
from dnnctl.errors import UserError
from dnnctl.store.catalog import load_run
from dnnctl.store.facts import TargetFacts
from dnnctl.store.purpose import Wanted
from dnnctl.store.record import RunRecord
from dnnctl.text import align, format_count, format_number, visible

if TYPE_CHECKING:
    from dnnctl.data.inputs.batch import InputReader

FIRST_ROWS = 10


class Predictions(Columns):
    """The columns of all predictions, (N,), by name."""

    def __repr__(self) -> str:
        """For people: the first rows as a table."""
        n = len(next(iter(self.values()), ()))
        shown = [[_as_cell(value) for value in values[:FIRST_ROWS]] for values in self.values()]
        rest = [f"… {format_count(n - FIRST_ROWS, 'more row')}"] if n > FIRST_ROWS else []
        return "\n".join([*align([list(map(visible, self)), *map(list, zip(*shown, strict=True))]), *rest])


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

    def batches(self) -> Iterator[Columns]:
        """For some rows at a time, the columns: the key of each row, what `keep` names, and the predictions.

        Raises:
            UserError: an input does not fit, or a column that is kept has the name of another one.
        """
        for batch in self.reader.batches():
            found = name_columns(self.predictor, self.predictor.answer(batch.inputs))
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
        return self.reader.notes()


def open_prediction(
    run: RunRecord,
    inputs: Sequence[str],
    *,
    keep: Sequence[str] = (),
    weights: Weights = "best",
    mc_samples: int = 0,
    accept_altered: bool = False,
) -> Prediction:
    """Predictions for files, which are all of one kind.

    Args:
        inputs: paths or patterns; `-` means JSON lines on standard input.
        keep: columns of the input to give along.

    Raises:
        UserError: the run has no model or was altered, or the inputs do not fit it.
    """
    altered = find_altered(run, weights, accept=accept_altered)
    from dnnctl.data.inputs.files import find_files, kind_of
    from dnnctl.data.inputs.open import open_inputs

    files = find_files(list(inputs))
    for path in files:
        kind_of(path)  # before anything large is loaded
    predictor = load_predictor(run, weights, mc_samples=mc_samples, accept_altered=accept_altered)
    reader = open_inputs(files, read_form(predictor), keep)
    return Prediction(run, altered, reader, predictor)


def predict(
    run: str | Path | RunRecord,
    inputs: Any,
    *,
    keep: Sequence[str] = (),
    weights: Weights = "best",
    mc_samples: int = 0,
    accept_altered: bool = False,
    runs_dir: str | Path | None = None,
) -> Columns:
    """Predict from new inputs with a trained run.

    Args:
        run: a run, or its id, id prefix, name or folder, or `last`.
        inputs: a path or a list of paths; an array (N, …) of raw inputs; or for a run on a table a dict (or a
            DataFrame) with the values of each column, (N,).
        keep: other columns of the input to give along.
        weights: those of the best epoch or of the last one.
        mc_samples: the number of passes of MC dropout; 0 predicts without dropout.
        accept_altered: predict even if the run was altered since training.

    Returns a dict of columns (N,), as `dnnctl predict` writes them: `row` or `path`, `prediction`, the probabilities.

    Raises:
        UserError: the run has no model or was altered, or the inputs do not fit it.
    """
    import numpy as np

    record = run if isinstance(run, RunRecord) else load_run(run, runs_dir, Wanted.MODEL)
    options: dict[str, Any] = {"weights": weights, "mc_samples": mc_samples, "accept_altered": accept_altered}
    if isinstance(inputs, np.ndarray) or hasattr(inputs, "keys"):
        prediction = _of_memory(record, inputs, keep=keep, **options)
    else:
        prediction = open_prediction(record, _paths(inputs), keep=keep, **options)
    batches = list(prediction.batches())
    names = prediction.names
    return Predictions((name, np.concatenate([np.asarray(batch[name]) for batch in batches])) for name in names)


def _paths(inputs: Any) -> list[str]:
    given = [inputs] if isinstance(inputs, str | Path) else inputs
    if not isinstance(given, list | tuple) or not given or not all(isinstance(each, str | Path) for each in given):
        raise UserError("`inputs` must be a path, a list of paths, an array, or a dict of columns.")
    return list(map(str, given))


def _of_memory(
    run: RunRecord, inputs: Any, *, keep: Sequence[str], weights: Weights, mc_samples: int, accept_altered: bool
) -> Prediction:
    """Predictions for an array, or for the columns of a table."""
    altered = find_altered(run, weights, accept=accept_altered)
    from dnnctl.data.inputs.arrays import ArrayInputs
    from dnnctl.data.inputs.memory import stream_columns
    from dnnctl.data.inputs.tables import TableInputs

    predictor = load_predictor(run, weights, mc_samples=mc_samples, accept_altered=accept_altered)
    if predictor.encode is None:
        if keep:
            raise UserError("`keep`: arrays have no named columns.")
        return Prediction(run, altered, ArrayInputs(inputs, predictor.input_form), predictor)
    if not hasattr(inputs, "keys"):
        raise UserError(f"{run.id} was trained on a table: its inputs are a dict of columns, not an array.")
    form = read_form(predictor)
    assert form.encoding is not None, "the network takes columns"
    return Prediction(run, altered, TableInputs(stream_columns(inputs, form.encoding), form, keep), predictor)


def name_columns(predictor: Predictor, outputs: Outputs) -> Columns:
    """The columns of some answers of the network of a run."""
    from dnnctl.compare.scores import threshold

    target = predictor.target
    if target.task == "numbers":
        target = TargetFacts("numbers", _number_names(predictor.run))
    return name_outputs(outputs, target, activation=predictor.output_kind, threshold=threshold(predictor.run))


def _number_names(run: RunRecord) -> tuple[str, ...]:
    """The columns of a table's targets; empty for arrays."""
    source = run.facts.spec.get("data", {}).get("source", {})
    target = source.get("target") if isinstance(source, dict) else None
    return tuple(map(str, target)) if isinstance(target, list) else ()


def _plain(values: Any) -> list[Any]:
    return values.to_pylist() if hasattr(values, "to_pylist") else list(values)


def _as_cell(value: Any) -> str:
    return format_number(float(value)) if hasattr(value, "dtype") and value.dtype.kind == "f" else visible(str(value))

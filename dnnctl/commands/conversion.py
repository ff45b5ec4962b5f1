"""The first process of an export: it writes a run's network in another format, and the questions that check it.

`python -m dnnctl.commands.conversion JOB`, where the job is a JSON file; it writes outcome.json next to it.

Shapes: N is the number of rows, K the number of outputs.
"""

from __future__ import annotations

import json
import shutil
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnnctl.commands.evaluate import check_overrides
from dnnctl.commands.export_formats import FORMATS
from dnnctl.commands.parent import end_with_parent
from dnnctl.commands.predictor import Predictor, load_predictor, read_form
from dnnctl.commands.session import faults_located
from dnnctl.errors import DnnctlError, RunError
from dnnctl.specs import load
from dnnctl.store.encoding import ColumnEncoding, TableEncoding
from dnnctl.store.files import write_json
from dnnctl.store.json_object import plain, read_object
from dnnctl.store.record import RunRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dnnctl.data.dataset import Dataset
    from dnnctl.engine.export.network import Network

N_ROWS = 256
"""The number of rows of each kind that are compared."""
BATCH = 64
"""The number of rows at a time."""
N_SAMPLES = 256
"""The number of training rows that show the ranges of a network to int8."""
N_MEASURED, MAX_BYTES = 10_000, 500_000_000
"""The most validation rows that a quantized network is measured on, and the most bytes of them."""
REAL, MEASURED = "real rows", "measured rows"
BATCHES = (1, 7)
"""Other sizes of batches."""


@dataclass(frozen=True)
class Job:
    """What to convert."""

    run: str
    """The folder of the run."""
    format: str
    folder: str
    """Where the files of the export are written."""
    questions: str
    """Where the questions of the check are written."""
    weights: str = "best"
    quantize: str | None = None
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """Rows, and the function of predict.py that answers them."""

    name: str
    function: str
    """`predict`, or `answer` for the encoded rows of a table."""
    file: str
    """The rows: .npy, or .json for columns."""
    batch: int
    """The number of rows at a time."""
    is_measured: bool = False
    """Whether these are the validation rows that a quantized network is measured on."""


@dataclass(frozen=True)
class Outcome:
    """What was converted, or why it could not be."""

    error: str = ""
    exit_code: int = 0
    shape: tuple[int, ...] = ()
    """The shape of one row of the inputs."""
    dtype: str = ""
    n_outputs: int = 0
    activation: str = ""
    """That of the last layer."""
    precision: str = "float32"
    """The precision that the run was trained in."""
    questions: tuple[Question, ...] = ()
    rounding: dict[str, float] = field(default_factory=dict)
    """For each question, how far float32 is from float64 in the network of the run itself."""
    n_real: int = 0
    """The number of rows that come from the data of the run."""
    example: dict[str, Any] = field(default_factory=dict)
    """A row of a table with usual values."""

    def about_real_rows(self) -> Outcome:
        """Without the questions about zeros and extreme values."""
        return replace(self, questions=tuple(each for each in self.questions if each.name.startswith(REAL)))


def main(path: Path) -> int:
    """Do the job in a file; return the exit code."""
    job, damages = read_object(path, Job)
    assert job is not None, damages
    try:
        outcome = convert(job)
    except DnnctlError as error:
        outcome = Outcome(str(error), error.exit_code)
    except Exception as error:  # converters raise whatever a network leads to
        traceback.print_exc()
        lines = str(error).strip().splitlines()
        outcome = Outcome(f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}", 1)
    write_json(path.with_name("outcome.json"), plain(outcome))
    return outcome.exit_code


def convert(job: Job) -> Outcome:
    """Write the network and the questions.

    Raises:
        UserError: the data have changed or cannot be read, or the format cannot hold the network.
    """
    run = RunRecord.at(Path(job.run))
    predictor = load_predictor(run, job.weights, accept_altered=True)  # type: ignore[arg-type]  # the caller has checked both
    dataset = _load(run, job.overrides)
    from dnnctl.engine.export.network import Network
    from dnnctl.engine.export.rebuild import rebuild_plain, rebuild_portable
    from dnnctl.engine.export.writers import WRITERS

    samples = dataset.train.inputs[: min(N_SAMPLES, len(dataset.train))] if job.quantize == "int8" else None
    network = Network(rebuild_plain(predictor.model), rebuild_portable(predictor.core), samples)
    write, usage = WRITERS[job.format]
    folder = Path(job.folder)
    write(network, folder, job.quantize)  # type: ignore[arg-type]
    (folder / "predict.py").write_text(usage(network), encoding="utf-8")
    encoding = _write_encoder(run, folder, job.format) if predictor.encode is not None else None
    return _ask(job, run, predictor, network, dataset, encoding)


def _load(run: RunRecord, overrides: tuple[str, ...]) -> Dataset:
    """The data of a run.

    Raises:
        RunError: they have changed.
    """
    check_overrides(overrides)
    loaded = load(run.folder.spec, overrides)
    with faults_located(loaded):
        from dnnctl.data.load import load_data
        from dnnctl.engine.memory import data_memory

        dataset = load_data(loaded.spec.data, seed=loaded.spec.seed, memory=data_memory(loaded.spec.runtime))
    recorded = run.facts.data
    if recorded is not None and (recorded.digest, recorded.split) != (dataset.digest, dataset.split_digest):
        raise RunError(f"The data of {run.id} have changed since it was trained, so the export cannot be checked.")
    return dataset


def _write_encoder(run: RunRecord, folder: Path, format: str) -> TableEncoding:
    """Write what encodes the columns of a table, unless the format takes them as they are."""
    encoding, damages = read_object(run.folder.encoding, TableEncoding)
    if encoding is None:
        raise RunError(f"{run.id} is damaged: {damages[0]}.")
    if not FORMATS[format].takes_columns and format != "weights":
        from dnnctl.engine.export import encode

        shutil.copyfile(encode.__file__, folder / "encode.py")
        write_json(folder / "encoder.json", plain(encoding))
    return encoding


@dataclass
class _Questions:
    """Writes questions with the answers of the network of the run, which are the oracle."""

    job: Job
    predictor: Predictor
    oracle: Any
    """The trained network, in float32."""
    double: Any
    """The same network in float64."""
    asked: list[Question] = field(default_factory=list)
    expected: dict[str, NDArray[Any]] = field(default_factory=dict)
    rounding: dict[str, float] = field(default_factory=dict)

    def ask_rows(self, name: str, rows: NDArray[Any], batch: int = BATCH, *, function: str) -> None:
        """Ask for the answers to rows (N, …), as the network takes them."""
        import numpy as np

        file = f"{len(self.asked)}.npy"
        np.save(Path(self.job.questions) / file, rows)
        self._add(Question(name, function, file, batch, is_measured=name == MEASURED), rows)

    def ask_columns(self, name: str, columns: dict[str, NDArray[Any]], batch: int = BATCH) -> None:
        """Ask for the answers to the columns of a table, (N,) each."""
        file = Path(self.job.questions) / f"{len(self.asked)}.json"
        file.write_text(json.dumps({name: values.tolist() for name, values in columns.items()}), encoding="utf-8")
        assert self.predictor.encode is not None
        rows = self.predictor.encode(columns)
        self._add(Question(name, "predict", file.name, batch), rows)
        if not FORMATS[self.job.format].takes_columns:
            self.expected[f"encoded {name}"] = rows

    def _add(self, question: Question, rows: NDArray[Any]) -> None:
        import numpy as np

        expected, exact = (
            np.asarray(model.predict(rows, batch_size=BATCH, verbose=0)) for model in (self.oracle, self.double)
        )
        self.asked.append(question)
        self.expected[question.name] = expected
        self.rounding[question.name] = float(np.nan_to_num(np.abs(expected - exact)).max())

    def save(self) -> None:
        """Write the questions and the expected answers."""
        import numpy as np

        folder = Path(self.job.questions)
        write_json(folder / "questions.json", plain(self.asked))
        np.savez(folder / "expected.npz", allow_pickle=False, **self.expected)


def _ask(
    job: Job,
    run: RunRecord,
    predictor: Predictor,
    network: Network,
    dataset: Dataset,
    encoding: TableEncoding | None,
) -> Outcome:
    """Write the questions of the check."""
    from dnnctl.builder.front import core_of
    from dnnctl.engine.export.rebuild import rebuild_double
    from dnnctl.engine.export.weights import list_weights

    precision = _precision(predictor.core)
    oracle = predictor.core if precision == "float32" else core_of(network.plain)
    questions = _Questions(job, predictor, oracle, rebuild_double(predictor.core))
    real = _real_rows(dataset)
    if job.format == "weights":
        questions.expected = {f"weight {name}": values for name, values in list_weights(network).items()}
    elif encoding is None:
        _ask_arrays(questions, real, run.facts.input_range)
    else:
        _ask_table(questions, run, predictor, encoding, real)
    if job.quantize is not None:
        _ask_measured(questions, dataset, "predict" if encoding is None else "answer")
    questions.save()
    return Outcome(
        shape=tuple(predictor.core.inputs[0].shape[1:]),
        dtype=network.input_type,
        n_outputs=int(predictor.core.outputs[0].shape[-1]),
        activation=predictor.output_kind,
        precision=precision,
        questions=tuple(questions.asked),
        rounding=questions.rounding,
        n_real=len(real) if job.format != "weights" else 0,
        example={how.name: _usual(how) for how in encoding.columns} if encoding is not None else {},
    )


def _precision(core: Any) -> str:
    mixed = (layer.dtype_policy.name for layer in core.layers if layer.dtype_policy.name.startswith("mixed_"))
    return next(mixed, "float32")


def _real_rows(dataset: Dataset) -> NDArray[Any]:
    """(N, …) rows of validation and test, or of training if there are none, evenly spaced."""
    import numpy as np

    parts = [part for part in (dataset.validation, dataset.test) if part is not None and len(part)] or [dataset.train]
    each = N_ROWS // len(parts)
    chosen = [np.linspace(0, len(part) - 1, min(each, len(part))).astype(np.intp) for part in parts]
    return np.concatenate([np.asarray(part.inputs[rows]) for part, rows in zip(parts, chosen, strict=True)])


def _ask_arrays(questions: _Questions, real: NDArray[Any], limits: tuple[float, ...]) -> None:
    import numpy as np

    ask = partial(questions.ask_rows, function="predict")
    ask(REAL, real)
    for size in BATCHES:
        ask(f"batches of {size}", real[: 3 * size], size)
    low, high = (0, 255) if real.dtype == np.uint8 else limits or (real.min(), real.max())
    for name, value in (("zeros", 0), ("the lowest values", low), ("the highest values", high)):
        ask(name, np.full((1, *real.shape[1:]), value, real.dtype))


def _ask_table(
    questions: _Questions, run: RunRecord, predictor: Predictor, encoding: TableEncoding, real: NDArray[Any]
) -> None:
    if not FORMATS[questions.job.format].takes_columns:
        questions.ask_rows(f"{REAL}, encoded", real, function="answer")
    raw = _raw_rows(run, predictor, questions.job.overrides)
    questions.ask_columns(REAL, raw)
    for size in BATCHES:
        questions.ask_columns(f"batches of {size}", {name: each[: 3 * size] for name, each in raw.items()}, size)
    for name, value_of in EXTREMES.items():
        questions.ask_columns(name, {how.name: _one(value_of(how)) for how in encoding.columns})


def _raw_rows(run: RunRecord, predictor: Predictor, overrides: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Rows from the file of the test split, or from the only file, evenly spaced among the first ones."""
    import numpy as np

    from dnnctl.data.inputs.open import open_inputs

    source: Any = load(run.folder.spec, overrides).spec.data.source
    path = source.path if source.test == "none" or source.test.path == "none" else source.test.path
    columns: Any = next(open_inputs([path], read_form(predictor)).batches()).inputs
    n = len(next(iter(columns.values())))
    rows = np.linspace(0, n - 1, min(N_ROWS, n)).astype(np.intp)
    return {name: values[rows] for name, values in columns.items()}


def _ask_measured(questions: _Questions, dataset: Dataset, function: str) -> None:
    """Ask for the validation rows, on which a quantized network is measured; for others, if there is no such split."""
    import numpy as np

    part = next(each for each in (dataset.validation, dataset.test, dataset.train) if each is not None and len(each))
    n_bytes = int(np.prod(part.inputs.shape[1:])) * part.inputs.dtype.itemsize
    n = min(N_MEASURED, max(1, MAX_BYTES // n_bytes), len(part))
    questions.ask_rows(MEASURED, np.asarray(part.inputs[:n]), function=function)
    np.save(Path(questions.job.questions) / "targets.npy", part.targets[:n])


def _one(value: Any) -> NDArray[Any]:
    import numpy as np

    return np.array([value], object if isinstance(value, str) else np.float64)


def _usual(how: ColumnEncoding) -> Any:
    """A usual value of a column."""
    return next(filter(None, how.categories), "") if how.kind == "category" else how.fill


def _limit(how: ColumnEncoding, place: int) -> Any:
    """The lowest or the highest value of a column; of a category the first or the last one."""
    if how.kind == "category":
        return how.categories[place] if how.categories else ""
    if how.kind == "boolean":
        return float(place == -1)
    limit = how.minimum if place == 0 else how.maximum
    return how.fill if limit is None else limit


EXTREMES: dict[str, Callable[[ColumnEncoding], Any]] = {
    "zeros": lambda how: "" if how.kind == "category" else 0.0,
    "the lowest values": lambda how: _limit(how, 0),
    "the highest values": lambda how: _limit(how, -1),
    "missing values": lambda how: "" if how.kind == "category" else float("nan"),
    "unknown texts": lambda how: "a text that no row has" if how.kind == "category" else how.fill,
}
"""Rows at the limits of a table: the value of each column."""

if __name__ == "__main__":
    end_with_parent()
    sys.exit(main(Path(sys.argv[1])))

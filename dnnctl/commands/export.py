"""`export`: the network of a run in the format of another runtime, with the proof that it answers the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dnnctl.commands.conversion import Job, Outcome
from dnnctl.commands.export_formats import Format, choose_format
from dnnctl.commands.parent import tied_to_this_process
from dnnctl.commands.parity import Parity, compare_answers
from dnnctl.commands.predictor import describe_target
from dnnctl.commands.runs import Weights, find_altered, model_path
from dnnctl.errors import DnnctlError, ExportError, RunError, UserError
from dnnctl.store.catalog import load_run
from dnnctl.store.environment import installed_version
from dnnctl.store.facts import ExportFacts, HistoryEntry, Metrics
from dnnctl.store.files import write_json, write_text
from dnnctl.store.json_object import plain, read_object
from dnnctl.store.purpose import Wanted
from dnnctl.store.record import EXPORTED, RunRecord, check_sound
from dnnctl.store.writer import RunWriter

FACTS = "export.json"
"""The file that makes a folder an export."""
CARD = "README.md"
RUNTIME = Path(__file__).parents[1] / "engine" / "export" / "runtime.py"
"""The script that asks an export: it runs without dnnctl."""


@dataclass(frozen=True)
class Export:
    """A written export."""

    run: RunRecord
    path: Path
    """Its folder."""
    facts: ExportFacts
    n_decisions: int
    """The number of rows whose decisions were compared."""
    altered: tuple[str, ...] = ()
    """The files of the run that were altered since training."""
    notes: tuple[str, ...] = ()
    """What the user should know."""

    @property
    def files(self) -> list[Path]:
        """Its files, in its folder."""
        return sorted(path for path in self.path.rglob("*") if path.is_file())


def export(
    run: str | Path | RunRecord,
    to: str,
    output: str | Path | None = None,
    *,
    quantize: str | None = None,
    weights: Weights = "best",
    force: bool = False,
    overrides: Sequence[str] = (),
    accept_altered: bool = False,
    runs_dir: str | Path | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Export:
    """Write the network of a run in the format of another runtime, and check that it answers the same.

    The conversion and the check are processes of their own. The second one cannot import dnnctl, nor TensorFlow or
    Keras unless they are the runtime.

    Args:
        run: a run, or its id, id prefix, name or folder, or `last`.
        to: `keras`, `saved_model`, `onnx`, `litert`, `openvino` or `weights`.
        output: the folder to write; by default the run's name and the format in the current folder.
        quantize: `int8` or `float16`, for `litert` and `openvino`.
        weights: those of the best epoch or of the last one.
        force: replace an earlier export.
        overrides: where the run's data are now: `data.source.path=…`.
        accept_altered: export the run even if it was altered since training.
        report: called with what is done next.

    Raises:
        UserError: the run has no model or was altered, its data have changed, the folder exists, a package is missing,
            or the format cannot hold the network.
        ExportError: the export does not answer as the network. It is not kept.
    """
    chosen = choose_format(to, quantize)
    record = run if isinstance(run, RunRecord) else load_run(run, runs_dir, Wanted.MODEL)
    check_sound(record)
    altered = find_altered(record, weights, accept=accept_altered)
    if not model_path(record.folder, weights).is_file():
        raise RunError(f"{record.id} has no {model_path(record.folder, weights).name}.")
    path = check_folder(Path(output or f"{record.name}-{to}"), record, force=force)
    with _aside(path) as folder, TemporaryDirectory() as work:
        job = Job(str(record.path.resolve()), to, str(folder), work, weights, quantize, tuple(overrides))
        report(f"converting to {chosen.title} …")
        outcome = _convert(job)
        report(f"checking with {chosen.runtime} …")
        facts, n_decisions = _check(record, chosen, job, outcome)
        facts = replace(facts, path=str(path))
        from dnnctl.commands.model_card import write_card

        described = {"run": record.id, "data": plain(record.facts.data), "input": _described(outcome)}
        write_json(folder / FACTS, plain(facts) | described)
        write_text(folder / CARD, write_card(record, chosen, facts, outcome, folder))
        _publish(folder, path)
    return Export(record, path, facts, n_decisions, altered, _record(record, facts))


def check_folder(path: Path, run: RunRecord, *, force: bool) -> Path:
    """The folder of an export, which must be new, empty, or with `force` an earlier export.

    Raises:
        UserError: it is something else.
    """
    path = path.resolve()
    if path == run.path.resolve() or run.path.resolve() in path.parents:
        raise UserError(f"--output {path}: it is in the folder of the run. Choose another.")
    if not path.exists():
        return path
    if not path.is_dir():
        raise UserError(f"--output {path} is a file. Choose another name for the folder.")
    is_export = (path / FACTS).is_file()
    if any(path.iterdir()) and not (force and is_export):
        fix = "Choose another one, or replace the export in it with --force." if is_export else "Choose another one."
        why = " It has no export, so --force does not replace it." if force else ""
        raise UserError(f"--output {path}: the folder exists and is not empty.{why} {fix}")
    return path


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A new folder next to the final one, which is deleted at the end if it is still there."""
    aside = path.with_name(f".{path.name}.partial")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        try:
            aside.mkdir(parents=True)
        except OSError as error:
            raise UserError(
                f"Cannot write to {path.parent}: {error.strerror or error}. Choose another --output."
            ) from None
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _publish(aside: Path, path: Path) -> None:
    """Give a complete export its name. An earlier one is replaced."""
    if path.exists():
        old = path.with_name(f".{path.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        path.replace(old)
        aside.replace(path)
        shutil.rmtree(old, ignore_errors=True)
    else:
        aside.replace(path)


def _convert(job: Job) -> Outcome:
    """Run the conversion in a process of its own.

    Raises:
        DnnctlError: it failed.
    """
    path = Path(job.questions) / "job.json"
    write_json(path, plain(job))
    done = start_conversion(path)
    outcome, _ = read_object(path.with_name("outcome.json"), Outcome)
    if outcome is None:
        raise ExportError(f"The conversion to {job.format} ended with code {done.returncode}: {_last_line(done)}")
    if outcome.exit_code == UserError.exit_code:
        raise UserError(outcome.error)
    if outcome.error:
        raise ExportError(f"The conversion to {job.format} failed: {outcome.error}")
    return outcome


def start_conversion(path: Path) -> subprocess.CompletedProcess[str]:
    """Do the job in a file in a process of its own."""
    return _run([sys.executable, "-m", "dnnctl.commands.conversion", str(path)], **tied_to_this_process())


def _check(run: RunRecord, chosen: Format, job: Job, outcome: Outcome) -> tuple[ExportFacts, int]:
    """Ask the export in a process that has only its runtime, and compare; return the facts and the number of decisions.

    Raises:
        ExportError: the export does not run, or answers something else.
    """
    import numpy as np

    command = [sys.executable, "-P", str(RUNTIME), job.folder, job.questions, *chosen.without]
    done = _run(command, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"})
    answers = Path(job.questions) / "answers.npz"
    if done.returncode or not answers.exists():
        raise ExportError(f"The export does not run in {chosen.runtime}, so it was not kept: {_last_line(done)}")
    with np.load(answers.with_name("expected.npz")) as file:
        expected = dict(file)
    with np.load(answers) as file:
        answered = dict(file)
    from dnnctl.compare.scores import threshold

    asked = outcome if job.quantize is None else outcome.about_real_rows()
    parity = compare_answers(expected, answered, asked, task=describe_target(run).task, threshold=threshold(run))
    if parity.fault and (job.quantize is None or not parity.is_finite):
        raise ExportError(
            f"The export does not answer as the network of {run.id}, so it was not kept. {parity.fault}. Try another "
            "format, and report this: it is a fault of the converter."
        )
    facts = _facts(job, chosen, outcome, parity)
    if job.quantize is not None:
        before, after = (_measure(run, job, each) for each in (expected, answered))
        facts = replace(facts, limit=None, before=before, after=after)
    return facts, parity.n_decisions


def _facts(job: Job, chosen: Format, outcome: Outcome, parity: Parity) -> ExportFacts:
    return ExportFacts(
        job.format,
        job.folder,
        weights=job.weights,
        quantize=job.quantize,
        n_rows=outcome.n_real,
        difference=parity.difference,
        relative=parity.relative,
        limit=parity.limit,
        changed=parity.changed,
        runtime=f"{chosen.runtime} {installed_version(chosen.runtime) or ''}".strip(),
    )


def _measure(run: RunRecord, job: Job, answers: dict[str, Any]) -> Metrics:
    """The metrics of answers to the measured rows."""
    import numpy as np

    from dnnctl.commands.conversion import MEASURED
    from dnnctl.commands.evaluate import as_predictions
    from dnnctl.compare.quality import assess

    targets = np.load(Path(job.questions) / "targets.npy")
    found = assess(as_predictions(run, describe_target(run), answers[MEASURED], targets))
    return {name: each.value for name, each in found.metrics.items()}


def _record(run: RunRecord, facts: ExportFacts) -> tuple[str, ...]:
    """Add the export to the history of its run; return a note if that is not possible."""
    try:
        with RunWriter.open(run) as writer:
            writer.add_history(HistoryEntry(EXPORTED, export=facts))
    except (DnnctlError, OSError) as error:
        return (f"The export could not be recorded in the history of the run: {error}",)
    return ()


def _described(outcome: Outcome) -> dict[str, Any]:
    return {"shape": list(outcome.shape), "type": outcome.dtype}


def _run(command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False, **options
    )


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    """The last line of the output of a process, which is the error of a traceback."""
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no reason given"

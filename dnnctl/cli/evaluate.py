"""`dnnctl evaluate` and `dnnctl predict`: the weights of a run on its own data, or on new inputs."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, RequiredRun, RunReference, RunsDir
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.table import terminal_width, wrap_text
from dnnctl.errors import UserError
from dnnctl.store.catalog import load_run
from dnnctl.store.files import write_through
from dnnctl.store.metrics import format_metrics
from dnnctl.store.purpose import Wanted
from dnnctl.store.seal import ALTERED
from dnnctl.text import format_number, format_shape

if TYPE_CHECKING:
    from dnnctl.commands.evaluate import Evaluation
    from dnnctl.commands.runs import Weights

ROLES = ("test", "validation", "train")
WEIGHTS: tuple[Weights, ...] = ("best", "last")
INPUTS = (".npy", ".npz")
OUTPUT = ".npz"
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
        str, typer.Option("--on", metavar="test|validation|train", help="The split to evaluate on.")
    ] = "test",
    weights: ChosenWeights = "best",
    mc_samples: McSamples = 0,
    accept_altered: AcceptAltered = False,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Evaluate a run on its own data; --mc-samples also estimates its uncertainty by MC dropout."""
    with failures_reported(as_json=as_json):
        if on not in ROLES:
            raise UserError(f"--on: must be one of {', '.join(ROLES)}. Received: {on}.")
        chosen = check_weights(weights)
        record = load_run(run, runs_dir, Wanted.MODEL, print_notice)
        from dnnctl.commands.evaluate import evaluate

        found = evaluate(record, on, weights=chosen, mc_samples=mc_samples, accept_altered=accept_altered)
        if as_json:
            facts = {"run": record.id, "on": on, "weights": chosen, "n": found.n}
            marks = {"altered": list(found.altered), "recorded": found.recorded or None}
            print_json({**facts, **_as_object(found), **marks})
            return
        where = f"{record.id}, {chosen} weights, {found.n:,} {on} examples"
        print_text(wrap_text(f"{where}: {format_metrics(found.metrics)}", terminal_width()))
        for line in describe_alteration(found):
            print_text(wrap_text(line, terminal_width()))
        if found.samples is not None:
            for line in describe_samples(found, mc_samples):
                print_text(wrap_text(line, terminal_width()))


def predict_command(
    run: RequiredRun,
    inputs: Annotated[Path, typer.Argument(metavar="INPUT", help="A .npy file, or an .npz file with one array.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The .npz file to write.")] = Path(
        "predictions.npz"
    ),
    weights: ChosenWeights = "best",
    mc_samples: McSamples = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")] = False,
    accept_altered: AcceptAltered = False,
    runs_dir: RunsDir = None,
) -> None:
    """Predict from a file of raw inputs, one example per row, and write the predictions to an .npz file."""
    with failures_reported():
        chosen = check_weights(weights)
        check_files(inputs, output, force=force)
        record = load_run(run, runs_dir, Wanted.MODEL, print_notice)
        import numpy as np

        from dnnctl.commands.evaluate import predict

        array = read_array(inputs)
        found = predict(record, array, weights=chosen, mc_samples=mc_samples, accept_altered=accept_altered)
        try:
            write_through(output, lambda aside: np.savez_compressed(aside, **found))  # type: ignore[arg-type]
        except OSError as error:
            raise UserError(f"Cannot write {output}: {error.strerror or error}.") from None
        if "altered" in found:
            print_notice(f"{ALTERED}: {', '.join(found['altered'])}. The output names these files in `altered`.")
        shapes = ", ".join(f"{name} {format_shape(array.shape)}" for name, array in found.items())
        print_text(f"written: {output} ({shapes})")


def check_weights(weights: str) -> Weights:
    """The value of --weights.

    Raises:
        UserError: the value is not `best` or `last`.
    """
    for known in WEIGHTS:
        if weights == known:
            return known
    raise UserError(f"--weights: must be one of {', '.join(WEIGHTS)}. Received: {weights}.")


def check_files(inputs: Path, output: Path, *, force: bool) -> None:
    """Check the file types before anything is loaded, and that no file is overwritten by mistake.

    Raises:
        UserError: a file type is not supported, or the output exists.
    """
    if inputs.suffix.lower() not in INPUTS:
        raise UserError(
            f"{inputs}: the input must be a .npy file, or an .npz file with one array of raw inputs. Convert other "
            f"files with NumPy: np.save('inputs.npy', array)"
        )
    if output.suffix.lower() != OUTPUT:
        raise UserError(f"--output {output}: predictions can only be written as {OUTPUT}. Change the extension.")
    if output.exists() and not force:
        raise UserError(f"{output} already exists. Choose another --output, or replace it with --force.")


def read_array(path: Path) -> Any:
    """The array in a file.

    Raises:
        UserError: there is no such file, or it does not contain exactly one array of numbers.
    """
    import numpy as np

    try:
        with path.open("rb") as stream:
            found = np.load(stream, allow_pickle=False)
            if isinstance(found, np.ndarray):
                return found
            if len(found.files) == 1:
                return found[found.files[0]]
            names = ", ".join(found.files) or "none"
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror or error}.") from None
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile):
        raise UserError(f"Cannot read {path}: it must be a .npy or .npz file that contains numbers.") from None
    raise UserError(f"{path} must contain exactly one array. Received: {names}.")


def _as_object(found: Evaluation) -> dict[str, Any]:
    if found.samples is None:
        return {"metrics": found.metrics}
    return {
        "metrics": found.metrics,
        "mc_accuracy": found.sampled_accuracy,
        "mean_standard_deviation": float(found.samples.deviation.mean()),
        "mean_entropy": float(found.samples.entropy.mean()),
    }


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
    is_classes = found.sampled_accuracy is not None
    lines = [f"{n} passes of MC dropout:"]
    if found.sampled_accuracy is not None:
        lines.append(f"- accuracy of the mean prediction: {format_number(found.sampled_accuracy)}")
    what = "probabilities" if is_classes else "values"
    deviation = format_number(float(found.samples.deviation.mean()))
    lines.append(f"- standard deviation of the predicted {what} over the passes, averaged over examples: {deviation}")
    if is_classes:
        entropy = format_number(float(found.samples.entropy.mean()))
        lines.append(f"- predictive entropy, averaged over examples: {entropy} nats")
    return lines

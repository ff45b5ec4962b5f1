"""`dnnctl evaluate` and `dnnctl predict`: the best weights of a run at work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, RunReference, RunsDir
from dnnctl.errors import UserError
from dnnctl.store.catalog import load_run
from dnnctl.store.files import write_through
from dnnctl.store.metrics import format_metrics
from dnnctl.store.purpose import Wanted
from dnnctl.text import format_number

if TYPE_CHECKING:
    from dnnctl.commands.evaluate import Evaluation

ROLES = ("test", "validation", "train")
McSamples = Annotated[int, typer.Option("--mc-samples", min=0, metavar="N", help="MC dropout: so many random passes.")]


def evaluate_command(
    run: RunReference = "last",
    on: Annotated[str, typer.Option("--on", metavar="test|validation|train", help="The part of the data.")] = "test",
    mc_samples: McSamples = 0,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Measure a run's best weights on its own data; with --mc-samples also how sure it is, by MC dropout."""
    with failures_reported(as_json=as_json):
        if on not in ROLES:
            raise UserError(f"--on: {on} is not known. Allowed: {', '.join(ROLES)}.")
        record = load_run(run, runs_dir, Wanted.MODEL, print_notice)
        from dnnctl.commands.evaluate import evaluate

        found = evaluate(record, on, mc_samples=mc_samples)
        if as_json:
            typer.echo(json.dumps({"run": record.id, "on": on, "n": found.n, **_as_object(found)}))
        else:
            typer.echo(f"{record.id}, {found.n:,} {on} examples: {format_metrics(found.metrics)}")
            if found.samples is not None:
                typer.echo(f"over {mc_samples} passes of MC dropout: {_in_words(found)}")


def predict_command(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, the beginning of one, its name, or `last`.")],
    inputs: Annotated[Path, typer.Argument(metavar="INPUT", help="A .npy file, or an .npz file with one array.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the predictions go.")] = Path(
        "predictions.npz"
    ),
    mc_samples: McSamples = 0,
    runs_dir: RunsDir = None,
) -> None:
    """Predict from a file of raw inputs, an example in each row; an .npz file with the predictions is written."""
    with failures_reported():
        record = load_run(run, runs_dir, Wanted.MODEL, print_notice)
        import numpy as np

        from dnnctl.commands.evaluate import predict

        found = predict(record, _read(inputs), mc_samples=mc_samples)
        try:
            write_through(output, lambda aside: np.savez_compressed(aside, **found))  # type: ignore[arg-type]
        except OSError as error:
            raise UserError(f"Cannot write {output}: {error.strerror or error}.") from None
        shapes = ", ".join(f"{name} {' × '.join(map(str, array.shape))}" for name, array in found.items())
        typer.echo(f"written: {output} ({shapes})")


def _read(path: Path) -> Any:
    """The array in a file.

    Raises:
        UserError: there is no such file, or not one array in it.
    """
    import numpy as np

    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"Cannot read {path}: {getattr(error, 'strerror', None) or error}.") from None
    if isinstance(found, np.ndarray):
        return found
    with found:
        if len(found.files) != 1:
            raise UserError(f"{path} must hold one array. Received: {', '.join(found.files) or 'none'}.")
        return found[found.files[0]]


def _as_object(found: Evaluation) -> dict[str, Any]:
    if found.samples is None:
        return {"metrics": found.metrics}
    return {
        "metrics": found.metrics,
        "mc_accuracy": found.sampled_accuracy,
        "mean_standard_deviation": float(found.samples.deviation.mean()),
        "mean_entropy": float(found.samples.entropy.mean()),
    }


def _in_words(found: Evaluation) -> str:
    assert found.samples is not None
    accuracy = "" if found.sampled_accuracy is None else f"accuracy {format_number(found.sampled_accuracy)}  "
    deviation, entropy = float(found.samples.deviation.mean()), float(found.samples.entropy.mean())
    return f"{accuracy}standard deviation {format_number(deviation)}  predictive entropy {format_number(entropy)}"

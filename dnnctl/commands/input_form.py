"""What the network of a run takes, found out before anything heavy is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnnctl.commands.runs import Weights, model_path
from dnnctl.errors import RunError
from dnnctl.specs import load
from dnnctl.store.encoding import TableEncoding
from dnnctl.store.json_object import read_object
from dnnctl.store.model_input import ModelInput, read_model_input
from dnnctl.store.record import RunRecord

if TYPE_CHECKING:
    from dnnctl.data.inputs.batch import InputForm


def find_form(run: RunRecord, weights: Weights) -> InputForm | None:
    """What the network takes, from the file of these weights; None if only Keras can tell, or the file is damaged.

    Raises:
        RunError: the run's encoding.json is damaged.
        SpecError: its spec is not valid.
    """
    found = read_model_input(model_path(run.folder, weights))
    return None if found is None else complete_form(run, found)


def complete_form(run: RunRecord, found: ModelInput) -> InputForm:
    """What a model with this input takes, with the source of the training examples, so that files are read as in
    training.

    Raises:
        RunError: the run's encoding.json is damaged.
        SpecError: its spec is not valid.
    """
    from dnnctl.data.inputs.batch import InputForm

    source = load(run.folder.spec).spec.data.source
    if not found.columns:
        limits = run.facts.input_range
        return InputForm(run.id, found.shape, found.dtype == "uint8", input_range=limits, source=source)
    encoding, damages = read_object(run.folder.encoding, TableEncoding)
    if encoding is None or damages:
        raise RunError(f"{run.id} is damaged: {damages[0]}.")
    if {how.name for how in encoding.columns} != set(found.columns):
        raise RunError(f"{run.id} is damaged: encoding.json and the model have different columns.")
    return InputForm(run.id, (), is_pixels=False, encoding=encoding, source=source)

"""`predict --explain`: which columns of a table moved each prediction most."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dnnctl.commands.named_outputs import Columns, name_effects
from dnnctl.commands.predictor import Outputs, Predictor, named_target
from dnnctl.commands.raw_columns import check_columns
from dnnctl.errors import UserError

if TYPE_CHECKING:
    from dnnctl.data.inputs.batch import InputForm

Explain = Callable[[Any, Outputs], Columns]
"""From the raw columns of some rows and the answers for them to the columns that explain these."""
EFFECTS = {
    "classes": "the log-odds of the predicted class",
    "labels": "the log-odds of the label",
    "numbers": "the predicted number",
}


def check_explainable(form: InputForm) -> None:
    """Check that a network takes named columns.

    Raises:
        UserError: it takes arrays.
    """
    if form.encoding is None:
        raise UserError(f"--explain names columns of a table, but {form.run} was trained on arrays or images.")


def make_explain(predictor: Predictor, form: InputForm) -> Explain:
    """A function that explains the answers of a network that takes the columns of a table."""
    from dnnctl.compare.scores import predicted_classes, threshold
    from dnnctl.engine.explanation import make_explainer

    encoding, encode = form.encoding, predictor.encode
    assert encoding is not None, "checked by check_explainable"
    assert encode is not None, "the network takes columns"
    features = [column.name for column in encoding.columns]
    target = named_target(predictor.run, predictor.target)
    explainer = make_explainer(predictor.core, encoding)

    def explain(inputs: Any, outputs: Outputs) -> Columns:
        rows = encode(check_columns(predictor.run, predictor.model, inputs))
        is_classes = target.task == "classes"
        classes = predicted_classes(outputs.predictions, threshold(predictor.run)) if is_classes else None
        return name_effects(explainer(rows, classes), features, target)

    return explain


def describe_effects(task: str) -> str:
    """What the effects mean."""
    return (
        f"an effect is gradient × input: about how much the value moves {EFFECTS[task]}, compared with a row of mean "
        "numbers, false booleans and unknown categories"
    )

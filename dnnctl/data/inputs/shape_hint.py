"""How to give inputs of another shape the shape that a network takes."""

from __future__ import annotations

from math import prod

COLORS = 3
GREY, IMAGE = 2, 3
"""The numbers of axes of an image without and with channels."""
REPEAT = "Grey images need three channels: np.repeat(inputs[..., None], 3, axis=-1)."
FIRST = "The channels come first. Move them to the end: np.moveaxis(inputs, 1, -1)."


def shape_hint(array: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """A sentence with the NumPy expression that converts an array, or that its images cannot be; empty if unknown.

    Args:
        array: the shape of all inputs, (N, …).
        wanted: the shape of one example.
    """
    each, n_axes = array[1:], len(wanted)
    reshaped = ", ".join(map(str, wanted))
    hints = (
        (array == wanted, "This is one example. Give an array of examples: inputs[None]."),
        (each == (*wanted, 1), "Drop the last axis: inputs[..., 0]."),
        ((*each, 1) == wanted, "Add the last axis: inputs[..., None]."),
        (n_axes == IMAGE and each == (*wanted[2:], *wanted[:2]), FIRST),
        (
            n_axes == IMAGE and wanted == (*each, COLORS),
            REPEAT,
        ),
        (n_axes > 1 and each == (*wanted[1::-1], *wanted[2:]), "The images are transposed: np.swapaxes(inputs, 1, 2)."),
        (n_axes == GREY and each == (*wanted, COLORS), "The images are in color. Convert them to grey values first."),
        (
            len(each) != n_axes and prod(each) == prod(wanted),
            f"If the values are in this order: inputs.reshape(-1, {reshaped}).",
        ),
    )
    return next((hint for is_this, hint in hints if is_this), "")

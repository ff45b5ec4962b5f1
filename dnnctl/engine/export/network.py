"""What is exported.

Shapes: N is the number of rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import keras
from numpy.typing import NDArray

Quantization = Literal["int8", "float16"]


PREDICT = '''

def predict(columns):
    """From a dict of columns, (N,) each, to the answers of the network. None is a missing value."""
    return answer(encode(columns))
'''


@dataclass(frozen=True)
class Network:
    """A trained network, rebuilt for other runtimes."""

    plain: keras.Model
    """In float32, of Keras's own layers. That of a table takes raw columns."""
    portable: keras.Model
    """The same without the front, of functions that every runtime computes."""
    samples: NDArray[Any] | None = None
    """(N, …) training inputs of the portable network, which show its ranges to `int8`."""

    @property
    def is_table(self) -> bool:
        """Whether the rows are columns of a table."""
        return isinstance(self.plain.input, dict)

    @property
    def input_type(self) -> str:
        """The type of the portable network's inputs: `uint8` or `float32`."""
        return str(self.portable.inputs[0].dtype)

    def columns(self, *, text: bool) -> list[str]:
        """The columns of a table that contain text, or those that contain numbers."""
        if not self.is_table:
            return []
        return [name for name, each in self.plain.input.items() if (each.dtype == "string") == text]


def complete_usage(network: Network, text: str) -> str:
    """The text of predict.py for this network.

    A function `answer` takes encoded rows. For a table `predict` is added, which encodes them; otherwise it gets that
    name itself.
    """
    values = {
        "INPUT_TYPE": network.input_type,
        "TEXT_COLUMNS": repr(network.columns(text=True)),
        "NUMBER_COLUMNS": repr(network.columns(text=False)),
    }
    text = re.sub("|".join(values), lambda found: values[found[0]], text)  # in one pass: a column may have any name
    if "def answer" not in text:
        return text
    if not network.is_table:
        return text.replace("IMPORTS\n", "\n").replace("def answer(rows)", "def predict(rows)")
    return text.replace("IMPORTS\n", "from encode import encode\n\n") + PREDICT

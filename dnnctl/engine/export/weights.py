"""The weights alone, as NumPy arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnctl.builder.front import core_of
from dnnctl.engine.export.network import Network, Quantization

USAGE = '''"""The weights in weights.npz, by the names of their layers. It needs numpy."""

from pathlib import Path

import numpy as np

with np.load(Path(__file__).parent / "weights.npz", allow_pickle=False) as file:
    weights = dict(file)
'''


def write(network: Network, folder: Path, quantization: Quantization | None) -> None:
    """Write weights.npz."""
    assert quantization is None
    np.savez(folder / "weights.npz", allow_pickle=False, **list_weights(network))


def list_weights(network: Network) -> dict[str, NDArray[Any]]:
    """Every weight by the names of its layer and its own: `dense_1/kernel`."""
    layers = [layer for layer in core_of(network.plain).layers if layer.weights]
    return {f"{layer.name}/{weight.name}": np.asarray(weight) for layer in layers for weight in layer.weights}


def usage(_network: Network) -> str:
    """The text of predict.py."""
    return USAGE

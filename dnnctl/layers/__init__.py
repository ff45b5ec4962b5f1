"""Layers that Keras lacks. `import dnnctl.layers` registers them, so that a saved model with them loads."""

from dnnctl.layers.rrelu import RReLU
from dnnctl.layers.swish import Swish

__all__ = ["RReLU", "Swish"]

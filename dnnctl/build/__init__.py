"""The builder: a spec in, a plain Keras model out. Importing it registers the layers that Keras lacks."""

from dnnctl.build.rrelu import RReLU
from dnnctl.build.swish import Swish

__all__ = ["RReLU", "Swish"]

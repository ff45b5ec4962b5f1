"""Benchmarks: each compares side by side in one run and prints a ratio. `python -m benchmarks` runs them all."""

import dnnctl.engine  # noqa: F401  (sets what must precede Keras)

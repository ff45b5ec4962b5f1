"""Benchmarks: each compares its sides in one run. `python -m benchmarks` runs all but `learning_rates`."""

import dnnctl.engine  # noqa: F401  (sets the environment variables that Keras reads at import)

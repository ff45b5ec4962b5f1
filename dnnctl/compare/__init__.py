"""Comparison of runs: their specs, their results, and whether the results differ significantly. No Keras."""

"""Benchmarks: each compares side by side in one run and prints a ratio. `python -m benchmarks` runs them all."""

"""The runner: one training run from top to bottom."""

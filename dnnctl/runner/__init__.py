"""The runner: one training from top to bottom."""

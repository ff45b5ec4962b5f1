"""The commands as Python functions: typed, light to import, and the one place that loads what is heavy."""

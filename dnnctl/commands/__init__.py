"""The commands as typed Python functions. Importing them is fast; heavy modules are loaded when they are called."""

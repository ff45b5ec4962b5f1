"""One module for each kind of source. Its `load` returns the data."""

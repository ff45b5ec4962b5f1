"""The builder: a spec in, a plain Keras model out. Its files are twins of those in `specs`."""

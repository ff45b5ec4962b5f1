"""The engine: the only part that imports TensorFlow."""
